import type Database from 'better-sqlite3';
import type { Clock } from '@nightshift/domain';
import type { Connection } from './connection.ts';
import { appendEvent } from './events.ts';
import type { Store } from './open.ts';
import { connectionOf } from './store-connection.ts';

/**
 * For packages/queue alone: the raw handle on which the ticket library works, and the sweep that
 * repairs tickets. Triggers keep them right, so a sweep that finds something has found a bug.
 */
export function ticketHandle(store: Store): Database.Database {
  return connectionOf(store).db.handle;
}

/**
 * Runs one statement that need not wait for the disk: it is on it with the next commit that does,
 * and a power cut before that undoes it. Right for taking a ticket, which is made anew from its
 * job, and for nothing that is the truth.
 * @param statement synchronous, and a commit of its own: inside a transaction SQLite refuses this
 */
export function withoutSync<T>(store: Store, statement: () => T): T {
  const { db } = connectionOf(store);
  db.pragma('synchronous = NORMAL');
  try {
    return statement();
  } finally {
    db.pragma('synchronous = FULL');
  }
}

/**
 * A number that differs when another connection has committed since the last look at it
 * (`PRAGMA data_version`). Costs a few microseconds and takes no lock.
 */
export function dataVersion(store: Store): number {
  // Prepared once: asked many times a second, and the library prepares a pragma at each call.
  return connectionOf(store).db.one<{ data_version: number }>('PRAGMA data_version')!.data_version;
}

/** What a sweep repaired. All zero is expected. */
export interface TicketRepairs {
  /** Tickets without a runnable job of their queue, removed. */
  readonly removed: number;
  /** Runnable jobs without a ticket, which got one. */
  readonly added: number;
  /** Tickets that could never be taken again, made takeable. */
  readonly revived: number;
}

/** A ticket that is taken for longer than this was taken by a clock that ran ahead. */
const TAKEN_AT_MOST_SECS = 3_600;
/** Most rows one sweep repairs of each kind, so that it holds the lock briefly. */
const SWEEP_LIMIT = 1_000;

/**
 * Makes tickets agree with jobs, in both directions; the job is right. Looks first without a lock.
 * A ticket that a worker has just taken belongs to a job that is still runnable: it stays.
 */
export async function sweepTickets(store: Store): Promise<TicketRepairs> {
  const { db, clock } = connectionOf(store);
  const params = sweepParams(clock);
  const wrong = await db.read(() => QUERIES.some((it) => db.one(it, params) !== undefined));
  if (!wrong) return { removed: 0, added: 0, revived: 0 };
  return db.write(() => repair(db, clock));
}

function sweepParams(clock: Clock): Readonly<Record<string, number>> {
  return { limit: SWEEP_LIMIT, latest: Math.floor(clock.now() / 1_000) + TAKEN_AT_MOST_SECS };
}

function repair(db: Connection, clock: Clock): TicketRepairs {
  const params = sweepParams(clock);
  const removed = db.run(`DELETE FROM tasks WHERE id IN (${STRAY})`, params);
  const revived = db.run(`UPDATE tasks SET ${REVIVE} WHERE id IN (${STUCK})`, params);
  const added = db.run(`${ADD} WHERE j.id IN (${TICKETLESS})`, params);
  const repairs = { removed, added, revived };
  const some = removed + added + revived > 0;
  if (some) appendEvent(db, clock.now(), 'tickets.repaired', null, repairs);
  return repairs;
}

const NOT_PAUSED = `NOT EXISTS (SELECT 1 FROM agents p WHERE p.name = j.agent AND p.paused = 1)`;

const STRAY = `
  SELECT t.id FROM tasks t
  WHERE NOT EXISTS (SELECT 1 FROM jobs j
                    WHERE j.id = t.idempotencyKey AND j.agent = t.queue AND j.ready = 1
                      AND ${NOT_PAUSED})
  LIMIT :limit`;

const STUCK = `
  SELECT t.id FROM tasks t
  WHERE t.status NOT IN ('pending', 'pending_retry', 'running') OR t.numRunsLeft <= 0
     OR (t.status = 'running' AND t.expireAt > :latest)
  LIMIT :limit`;

const TICKETLESS = `
  SELECT j.id FROM jobs j
  WHERE j.ready = 1 AND ${NOT_PAUSED}
    AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.queue = j.agent AND t.idempotencyKey = j.id)
  LIMIT :limit`;

const QUERIES = [STRAY, STUCK, TICKETLESS];

const REVIVE = `status = 'pending', expireAt = NULL, availableAt = NULL, numRunsLeft = maxNumRuns`;

// The same columns as the triggers write.
const ADD = `
  INSERT INTO tasks (queue, payload, createdAt, allocationId, numRunsLeft, maxNumRuns,
                     idempotencyKey, priority, availableAt)
  SELECT j.agent, json_object('jobId', j.id), j.ready_at / 1000, lower(hex(randomblob(8))),
         1000000, 1000000, j.id, j.priority, j.ready_at
  FROM jobs j`;
