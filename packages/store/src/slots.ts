import type { Actor, Clock, Schedule, ScheduleRow, SlotDecision } from '@nightshift/domain';
import type { SlotRow, SlotStore } from '@nightshift/domain';
import type { Connection, SqlValue } from './connection.ts';
import { announceCommit } from './announce.ts';
import { appendEvent } from './events.ts';
import { insertJob, validJob, type ValidJob } from './jobs/enqueue.ts';
import { rewind } from './slots/rewind.ts';

const SCHEDULE: Actor = { kind: 'schedule', name: 'scheduler' };

/** Schedules with their cursors, and what became of each slot. */
export function createSlotStore(db: Connection, clock: Clock): SlotStore {
  return {
    declare: (schedules, now) => db.write(() => declare(db, schedules, now)),
    schedules: () => db.read(() => readSchedules(db)),
    advance: (agent, from, to, decisions) => advance(db, clock, agent, from, to, decisions),
    rewind: (agent, from, now) => db.write(() => rewind(db, agent, from, now)),
    unfinished: (agent) => db.read(() => unfinished(db, agent)),
    list: (filter) => db.read(() => listSlots(db, filter)),
  };
}

function declare(db: Connection, schedules: readonly Schedule[], now: number): void {
  const known = new Map(readSchedules(db).map((it) => [it.agent, it]));
  for (const schedule of schedules) {
    const before = known.get(schedule.agent);
    known.delete(schedule.agent);
    if (before !== undefined && sameSchedule(before, schedule)) continue;
    const { agent, cron, everyMs, timezone } = schedule;
    db.run(DECLARE, { agent, cron, everyMs, timezone, now });
    appendEvent(db, now, 'schedule.declared', agent, { cron, everyMs, timezone });
  }
  for (const agent of known.keys()) {
    db.run('DELETE FROM schedules WHERE agent = ?', [agent]);
    appendEvent(db, now, 'schedule.removed', agent);
  }
}

function sameSchedule(a: Schedule, b: Schedule): boolean {
  return a.cron === b.cron && a.everyMs === b.everyMs && a.timezone === b.timezone;
}

function readSchedules(db: Connection): readonly ScheduleRow[] {
  return db.all<ScheduleRow>(
    `SELECT agent, cron, every_ms AS everyMs, timezone, cursor_at AS cursorAt
     FROM schedules ORDER BY agent`,
  );
}

/** Jobs are checked before the transaction: a decision that cannot be written writes nothing. */
async function advance(
  db: Connection,
  clock: Clock,
  agent: string,
  from: number,
  to: number,
  decisions: readonly SlotDecision[],
): Promise<boolean> {
  const pass = decisions.map((it) => ({ decision: it, job: jobOf(agent, it) }));
  const advanced = await db.write(() => {
    if (db.run(ADVANCE, { agent, from, to }) === 0) return false;
    for (const { decision, job } of pass) decide(db, clock, agent, decision, job);
    return true;
  });
  if (pass.some(({ job }) => job !== null)) announceCommit(db, clock);
  return advanced;
}

function jobOf(agent: string, decision: SlotDecision): ValidJob | null {
  if (decision.kind !== 'enqueue') return null;
  const { key, input, maxAttempts, priority, at } = decision;
  return validJob({ key, agent, input, maxAttempts, priority, slot: at });
}

/**
 * A slot is decided once, whatever the clock or another configuration does to the cursor: the row
 * of an earlier decision stands, and a key that was used before makes no second job.
 */
function decide(
  db: Connection,
  clock: Clock,
  agent: string,
  decision: SlotDecision,
  job: ValidJob | null,
): void {
  if (db.one(DECIDED, { agent, at: decision.at }) !== undefined) return;
  const made = job === null ? null : insertJob(db, clock, job, SCHEDULE);
  const row = {
    agent,
    at: decision.at,
    now: clock.now(),
    job: made?.created === true ? made.id : null,
    reason: decision.kind === 'enqueue' ? 'key-used' : decision.reason,
    count: decision.kind === 'skip-range' ? decision.count : 1,
    rangeFrom: decision.kind === 'skip-range' ? decision.from : null,
  };
  writeSlot(db, row);
}

interface Decided {
  readonly agent: string;
  readonly at: number;
  readonly now: number;
  /** The job that was made; null for a slot that was skipped. */
  readonly job: string | null;
  readonly reason: string;
  readonly count: number;
  readonly rangeFrom: number | null;
}

function writeSlot(db: Connection, slot: Decided): void {
  const enqueued = slot.job !== null;
  const status = enqueued ? 'enqueued' : 'skipped';
  const reason = enqueued ? null : slot.reason;
  db.run(INSERT_SLOT, { ...slot, status, reason });
  const { agent, at: scheduledFor, job, count } = slot;
  const kind = enqueued ? 'slot.enqueued' : 'slot.skipped';
  appendEvent(db, slot.now, kind, agent, { scheduledFor, job, reason, count });
}

// Verbatim the condition of the partial index: SQLite uses it only then.
function unfinished(db: Connection, agent: string): number {
  return db.one<{ count: number }>(
    `SELECT count(*) AS count FROM jobs
     WHERE agent = ? AND state IN ('queued', 'running') AND slot IS NOT NULL`,
    [agent],
  )!.count;
}

function listSlots(
  db: Connection,
  filter: { readonly agent?: string; readonly limit: number },
): readonly SlotRow[] {
  const condition = filter.agent === undefined ? '' : 'WHERE agent = ?';
  const values: SqlValue[] = filter.agent === undefined ? [] : [filter.agent];
  return db.all<SlotRow>(
    `SELECT agent, scheduled_for AS scheduledFor, status, reason, count, job,
            decided_at AS decidedAt
     FROM slots ${condition} ORDER BY scheduled_for DESC, agent LIMIT ?`,
    [...values, filter.limit],
  );
}

const DECLARE = `
  INSERT INTO schedules (agent, cron, every_ms, timezone, cursor_at)
  VALUES (:agent, :cron, :everyMs, :timezone, :now)
  ON CONFLICT (agent) DO UPDATE SET cron = excluded.cron, every_ms = excluded.every_ms,
    timezone = excluded.timezone, cursor_at = excluded.cursor_at`;

const ADVANCE = `
  UPDATE schedules SET cursor_at = :to
  WHERE agent = :agent AND cursor_at = :from
    AND (SELECT halted FROM control WHERE id = 1) = 0`;

// By its own row, or by the mark below which all rows were folded into counts.
const DECIDED = `
  SELECT 1 FROM slots WHERE agent = :agent AND scheduled_for = :at
  UNION ALL
  SELECT 1 FROM slot_marks WHERE agent = :agent AND folded_until >= :at`;

const INSERT_SLOT = `
  INSERT INTO slots (agent, scheduled_for, status, reason, count, range_from, job, decided_at)
  VALUES (:agent, :at, :status, :reason, :count, :rangeFrom, :job, :now)`;
