import {
  type AgentSettings,
  type Clock,
  type ScheduleRow,
  type Settings,
  type SlotDecision,
  type SlotStore,
} from '@nightshift/domain';
import { dueSlots } from '@nightshift/schedule';
import { decideSlots } from './catch-up.ts';

/** Missed slots older than this are skipped as a range, counted but not listed one by one. */
export const HORIZON_MS = 7 * 24 * 3_600_000;
/** Most time one pass beyond the horizon walks over, so that a pass stays short. */
const RANGE_PASS_MS = 31 * 24 * 3_600_000;
/** Most slots written in one transaction. */
const SLOTS_PER_COMMIT = 500;
/** A cursor further ahead of the clock than this stands there because the clock was wrong. */
const FAR_AHEAD_MS = 3_600_000;
/** How long a clock must have stayed behind such a cursor before it is believed. */
const BEHIND_FOR_MS = 600_000;
/**
 * A clock step is noticed within this time, however far away the next slot is: about a second, by
 * the same getting up as a halt.
 */
const LONGEST_SLEEP_MS = 900;

export interface SchedulerParts {
  readonly slots: SlotStore;
  readonly settings: Settings;
  readonly clock: Clock;
  /** Called for each committed pass that moved a cursor: progress for the beat, and a log line. */
  readonly onAdvance: (agent: string, decisions: readonly SlotDecision[]) => void;
  /** Called when a cursor was taken back by `aheadMs`, because the clock had run ahead. */
  readonly onRewind: (agent: string, aheadMs: number) => void;
}

/**
 * Decides what is due and writes it. On every pass each schedule is walked from its durable cursor
 * towards now; slots and their jobs are written in one transaction with the cursor, so a slot is
 * decided once however many schedulers run and whatever the clock does.
 */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #agents: ReadonlyMap<string, AgentSettings>;
  /** Since when (monotonic) a schedule's cursor has been far ahead of the clock. */
  readonly #aheadSince = new Map<string, number>();
  /** By the clock of the wall: from the last whole pass to the next point of any grid. */
  #quiet = { fromAt: 0, untilAt: 0 };
  #refused = false;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#agents = new Map(parts.settings.agents.map((agent) => [agent.name, agent]));
  }

  /** Makes the schedules table agree with the configuration. Called once, at start. */
  async declare(): Promise<void> {
    const { settings, slots, clock } = this.#parts;
    const schedules = settings.agents.flatMap((agent) =>
      agent.schedule === null
        ? []
        : [
            {
              agent: agent.name,
              cron: agent.schedule.kind === 'cron' ? agent.schedule.cron : null,
              everyMs: agent.schedule.kind === 'every' ? agent.schedule.everyMs : null,
              timezone: settings.timezone,
            },
          ],
    );
    await slots.declare(schedules, clock.now());
  }

  /** One pass over all schedules. @returns how long to sleep, ms; 0 when there is more to walk. */
  async poll(): Promise<number> {
    const now = this.#parts.clock.now();
    // A clock that was set leaves the span, forwards or backwards.
    if (now >= this.#quiet.fromAt && now < this.#quiet.untilAt) return this.#sleep();
    const rows = await this.#parts.slots.schedules();
    let more = false;
    this.#refused = false;
    for (const row of rows) more = (await this.#walk(row)) || more;
    if (more) return 0;
    const untilAt = nextOnGrid(rows, now);
    // What could not be written, because of a halt or another scheduler, is looked at again.
    this.#quiet = { fromAt: this.#refused ? untilAt : now, untilAt };
    return this.#sleep();
  }

  /** Walks one schedule. @returns true when it stopped short of now. */
  async #walk(row: ScheduleRow): Promise<boolean> {
    const agent = this.#agents.get(row.agent);
    // A schedule whose agent this configuration does not know belongs to another, newer one.
    if (agent === undefined) return false;
    const now = this.#parts.clock.now();
    if (now <= row.cursorAt) return this.#waitForClock(row, now);
    this.#aheadSince.delete(row.agent);
    const horizon = now - HORIZON_MS;
    if (row.cursorAt < horizon) return this.#skipRange(row, horizon);
    return this.#decide(row, agent, now);
  }

  /**
   * The clock lies behind the cursor. A little is waited for, so that no slot is decided twice. Far
   * behind means that it ran ahead before: once it has stayed so for a while, what was skipped
   * ahead is taken back, or the schedule would stand still until the false time comes true.
   */
  async #waitForClock(row: ScheduleRow, now: number): Promise<boolean> {
    const { slots, clock, onRewind } = this.#parts;
    const monotonic = clock.monotonic();
    if (row.cursorAt - now <= FAR_AHEAD_MS) {
      this.#aheadSince.delete(row.agent);
      return false;
    }
    const since = this.#aheadSince.get(row.agent) ?? monotonic;
    this.#aheadSince.set(row.agent, since);
    if (monotonic - since < BEHIND_FOR_MS) return false;
    this.#aheadSince.delete(row.agent);
    if (await slots.rewind(row.agent, row.cursorAt, now)) onRewind(row.agent, row.cursorAt - now);
    return true;
  }

  /** Skips what lies beyond the horizon, one bounded range a pass. */
  async #skipRange(row: ScheduleRow, horizon: number): Promise<boolean> {
    const to = Math.min(horizon, row.cursorAt + RANGE_PASS_MS);
    const due = await dueSlots(row).between(row.cursorAt, to);
    const decisions: SlotDecision[] = [];
    const [from] = due;
    const last = due.at(-1);
    if (from !== undefined && last !== undefined) {
      const count = due.length;
      decisions.push({ kind: 'skip-range', from, at: last, count, reason: 'beyond-horizon' });
    }
    return this.#advance(row.agent, row.cursorAt, to, decisions);
  }

  /** Decides the slots between the cursor and now. */
  async #decide(row: ScheduleRow, agent: AgentSettings, now: number): Promise<boolean> {
    const slots = await dueSlots(row).between(row.cursorAt, now);
    if (slots.length === 0) {
      // The cursor stays: moving it each second would write to the disk for nothing. It moves on
      // once a minute, so that a walk never grows long.
      if (now - row.cursorAt < 60_000) return false;
      await this.#advance(row.agent, row.cursorAt, now, []);
      return false;
    }
    const decisions = decideSlots({
      agent: row.agent,
      slots,
      now,
      policy: agent.catchUp,
      overlap: row.everyMs === null ? agent.overlap : 'skip',
      unfinished: await this.#parts.slots.unfinished(row.agent),
      input: agent.input,
      maxAttempts: agent.attempts,
    });
    return this.#write(row, decisions, now);
  }

  /** Writes decisions in bounded commits; the cursor follows, so a crash between two loses none. */
  async #write(row: ScheduleRow, decisions: SlotDecision[], now: number): Promise<boolean> {
    let cursor = row.cursorAt;
    for (let i = 0; i < decisions.length; i += SLOTS_PER_COMMIT) {
      const batch = decisions.slice(i, i + SLOTS_PER_COMMIT);
      const to = i + SLOTS_PER_COMMIT >= decisions.length ? now : (batch.at(-1)?.at ?? now);
      if (!(await this.#advance(row.agent, cursor, to, batch))) return false;
      cursor = to;
    }
    return false;
  }

  async #advance(
    agent: string,
    from: number,
    to: number,
    decisions: SlotDecision[],
  ): Promise<boolean> {
    const moved = await this.#parts.slots.advance(agent, from, to, decisions);
    if (!moved) this.#refused = true;
    if (moved && decisions.length > 0) this.#parts.onAdvance(agent, decisions);
    return moved;
  }

  /** Until something can be due, but never so long that a clock step goes unnoticed. */
  #sleep(): number {
    const left = this.#quiet.untilAt - this.#parts.clock.now();
    return Math.max(1, Math.min(LONGEST_SLEEP_MS, left));
  }
}

/** The next time after `now` at which any schedule can have a slot: cron knows whole minutes. */
function nextOnGrid(rows: readonly ScheduleRow[], now: number): number {
  const grids = [60_000, ...rows.map((row) => row.everyMs ?? 60_000)];
  return Math.min(...grids.map((grid) => now - (now % grid) + grid));
}
