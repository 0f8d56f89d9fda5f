import type { Clock } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';

export interface Promoted {
  readonly promoted: number;
  readonly died: number;
  readonly nextAt: number | null;
}

/**
 * Makes due jobs runnable and ends those that waited on a gate for longer than `maxWaitMs`, at most
 * `limit` of each in one transaction. Takes no lock while nothing is due. `nextAt` may be past: then
 * there is more.
 */
export async function promote(
  db: Connection,
  clock: Clock,
  maxWaitMs: number,
  limit: number,
): Promise<Promoted> {
  const idle = await db.look(() => nextAt(db, maxWaitMs));
  if (idle === null || idle > clock.now()) return { promoted: 0, died: 0, nextAt: idle };
  return db.write(() => {
    const now = clock.now();
    const promoted = db.run(PROMOTE, { now, limit });
    const died = endOverdue(db, now, maxWaitMs, limit);
    return { promoted, died, nextAt: nextAt(db, maxWaitMs) };
  });
}

/**
 * Only a job that would have to wait on: one whose window has opened gets its try, however long the
 * machine was off in between.
 */
function endOverdue(db: Connection, now: number, maxWaitMs: number, limit: number): number {
  const overdue = db.all<{ id: string; agent: string; wait_reason: string; wait_since: number }>(
    `SELECT id, agent, wait_reason, wait_since FROM jobs
     WHERE state = 'queued' AND wait_since IS NOT NULL AND wait_since <= ? AND ready = 0
       AND run_after > ?
     ORDER BY wait_since LIMIT ?`,
    [now - maxWaitMs, now, limit],
  );
  for (const job of overdue) {
    const since = new Date(job.wait_since).toISOString();
    const message = `waited since ${since} (${job.wait_reason}), longer than it may`;
    const error = { code: 'waited-too-long', message };
    db.run(END_WAIT, { id: job.id, now, error: JSON.stringify(error) });
    appendEvent(db, now, 'job.dead', job.id, { agent: job.agent, code: error.code });
  }
  return overdue.length;
}

function nextAt(db: Connection, maxWaitMs: number): number | null {
  const row = db.one<{ due: number | null; waiting: number | null }>(NEXT)!;
  const times = [row.due, row.waiting === null ? null : row.waiting + maxWaitMs];
  const known = times.filter((it) => it !== null);
  return known.length === 0 ? null : Math.min(...known);
}

const PROMOTE = `
  UPDATE jobs SET ready = 1, ready_at = :now, wait_reason = NULL
  WHERE state = 'queued' AND ready = 0 AND id IN (
    SELECT id FROM jobs WHERE state = 'queued' AND ready = 0 AND run_after <= :now
    ORDER BY run_after LIMIT :limit)`;

const END_WAIT = `
  UPDATE jobs
  SET state = 'dead', finished_at = :now, last_error = :error, wait_reason = NULL, suspect = 0
  WHERE id = :id AND state = 'queued' AND ready = 0`;

const NEXT = `
  SELECT (SELECT min(run_after) FROM jobs WHERE state = 'queued' AND ready = 0) AS due,
         (SELECT min(wait_since) FROM jobs
          WHERE state = 'queued' AND wait_since IS NOT NULL AND ready = 0) AS waiting`;
