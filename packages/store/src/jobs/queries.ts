import type { Attempt, Job, JobFilter, JobState, QueueCounts } from '@nightshift/domain';
import type { Connection, SqlValue } from '../connection.ts';
import { ATTEMPT_COLUMNS, toAttempt, toJob, type AttemptRow, type JobRow } from './rows.ts';

/** Jobs, newest first. */
export function listJobs(db: Connection, filter: JobFilter): readonly Job[] {
  const where: string[] = [];
  const values: SqlValue[] = [];
  // Written out, since a partial index is used only for the text of its own condition.
  if (filter.state !== undefined) where.push(STATE_IS[filter.state]);
  if (filter.agent !== undefined) {
    where.push('agent = ?');
    values.push(filter.agent);
  }
  if (filter.reason !== undefined) {
    where.push(`json_extract(last_error, '$.code') = ?`);
    values.push(filter.reason);
  }
  const condition = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`;
  // Few jobs run or are dead: their partial indexes are read and sorted, instead of walking all
  // jobs from the newest in the hope of meeting some. The plus keeps SQLite from using the id's
  // order.
  const rare = filter.state === 'running' || filter.state === 'dead';
  const sql = `SELECT * FROM jobs ${condition} ORDER BY ${rare ? '+id' : 'id'} DESC LIMIT ?`;
  return db.all<JobRow>(sql, [...values, filter.limit]).map(toJob);
}

/** Attempts of a job, oldest first. */
export function attemptsOf(db: Connection, job: string): readonly Attempt[] {
  const sql = `SELECT ${ATTEMPT_COLUMNS} FROM attempts a WHERE a.job = ? ORDER BY a.n`;
  return db.all<AttemptRow>(sql, [job]).map(toAttempt);
}

/** Running jobs that match, with their newest attempt. */
export function runningJobs(
  db: Connection,
  condition: 'lease_until <= ?' | 'instance = ?',
  value: SqlValue,
): readonly { job: Job; attempt: Attempt }[] {
  const rows = db.all<JobRow>(
    `SELECT * FROM jobs WHERE state = 'running' AND ${condition} ORDER BY lease_until`,
    [value],
  );
  const newest = `SELECT ${ATTEMPT_COLUMNS} FROM attempts a WHERE a.job = ? AND a.n = ?`;
  return rows.map((row) => ({
    job: toJob(row),
    attempt: toAttempt(db.one<AttemptRow>(newest, [row.id, row.claims])!),
  }));
}

/** Each count reads one partial index, so it costs what it counts and not what was ever done. */
export function countJobs(db: Connection): QueueCounts {
  return db.one<QueueCounts>(
    `SELECT (SELECT count(*) FROM jobs WHERE ready = 1) AS queued,
            (SELECT count(*) FROM jobs WHERE state = 'queued' AND ready = 0) AS waiting,
            (SELECT count(*) FROM jobs WHERE state = 'running') AS running,
            (SELECT count(*) FROM jobs WHERE state = 'dead') AS dead`,
  )!;
}

const STATE_IS: Readonly<Record<JobState, string>> = {
  queued: `state = 'queued'`,
  running: `state = 'running'`,
  done: `state = 'done'`,
  dead: `state = 'dead'`,
  cancelled: `state = 'cancelled'`,
};
