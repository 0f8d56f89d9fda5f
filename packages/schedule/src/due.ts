import type { Schedule } from '@nightshift/domain';
import { cronMatcher } from './cron.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Minutes asked about before the event loop gets a turn: about 12 ms of matching. */
const MINUTES_PER_TURN = 1_000;

/** How far ahead slots are looked for: 29 February comes every four years, or after eight. */
const AHEAD_MS = 9 * 366 * DAY_MS;

/** Slots of one schedule, oldest first. */
export interface DueSlots {
  /** Slots in `(from, to]`, epoch ms. Yields to the event loop while it walks. */
  between(from: number, to: number): Promise<number[]>;
  /** The first slot after `from`, looking no further than `limit`; null when there is none. */
  next(from: number, limit: number): Promise<number | null>;
}

/** The slots of a schedule: minutes that match its cron, or points of its fixed grid. */
export function dueSlots(schedule: Omit<Schedule, 'agent'>): DueSlots {
  if (schedule.everyMs !== null) return gridSlots(schedule.everyMs);
  return cronSlots(schedule.cron ?? '', schedule.timezone);
}

/** The next `count` slots after `from`; fewer when the schedule never comes again. */
export async function nextSlots(
  schedule: Omit<Schedule, 'agent'>,
  from: number,
  count: number,
): Promise<readonly number[]> {
  const due = dueSlots(schedule);
  const slots: number[] = [];
  for (let at = await due.next(from, from + AHEAD_MS); at !== null && slots.length < count;) {
    slots.push(at);
    at = await due.next(at, at + AHEAD_MS);
  }
  return slots;
}

/** A fixed grid through the epoch: it does not drift with how long a job takes. */
function gridSlots(everyMs: number): DueSlots {
  const first = (from: number): number => (Math.floor(from / everyMs) + 1) * everyMs;
  return {
    between(from, to) {
      const slots: number[] = [];
      for (let at = first(from); at <= to; at += everyMs) slots.push(at);
      return Promise.resolve(slots);
    },
    next(from, limit) {
      const at = first(from);
      return Promise.resolve(at <= limit ? at : null);
    },
  };
}

function cronSlots(expression: string, timezone: string): DueSlots {
  const matcher = cronMatcher(expression, timezone);

  async function* walk(from: number, to: number): AsyncGenerator<number> {
    let asked = 0;
    let after = (Math.floor(from / MINUTE_MS) + 1) * MINUTE_MS;
    for (;;) {
      const at = matcher.candidate(after, to);
      if (at === null) return;
      if (matcher.matches(at)) yield at;
      after = at + MINUTE_MS;
      if (++asked % MINUTES_PER_TURN === 0) await new Promise(setImmediate);
    }
  }

  return {
    async between(from, to) {
      return Array.fromAsync(walk(from, to));
    },
    async next(from, limit) {
      for await (const at of walk(from, limit)) return at;
      return null;
    },
  };
}
