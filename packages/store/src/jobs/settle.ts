import type { Clock, Fence, JobError, Settlement } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import { settled, takenBack, type Ended } from './settlement.ts';
import { ATTEMPT_COLUMNS, SPENT_OF_ATTEMPT, type AttemptRow, type JobRow } from './rows.ts';

/** Ends an attempt by its worker's word. False when the lease is gone: nothing was changed. */
export async function settle(
  db: Connection,
  clock: Clock,
  fence: Fence,
  settlement: Settlement,
): Promise<boolean> {
  return db.write(() => {
    const job = fenced(db, fence);
    if (job === undefined) return false;
    const now = clock.now();
    endAttempt(db, job, fence, settlement, now);
    return true;
  });
}

/** {@link settle} inside the caller's transaction, which has seen that the fence holds. */
export function endAttempt(
  db: Connection,
  job: JobRow,
  fence: Fence,
  settlement: Settlement,
  now: number,
): void {
  const ended = settled(job, settlement, now);
  end(db, fence, ended, now);
  appendEvent(db, now, ended.event, job.id, eventData(job, fence, ended));
}

/** Ends an attempt whose worker is gone. False when it is not the running one any more. */
export async function takeBack(
  db: Connection,
  clock: Clock,
  fence: Fence,
  error: JobError,
  when: 'gone' | 'expired',
): Promise<boolean> {
  return db.write(() => {
    const job = fenced(db, fence);
    const now = clock.now();
    if (job === undefined || (when === 'expired' && job.lease_until! > now)) return false;
    const { alone } = attemptOf(db, fence);
    const ended = takenBack(job, alone === 1, error, now);
    end(db, fence, ended, now);
    const data = { ...eventData(job, fence, ended), alone: alone === 1, crashes: ended.crashes };
    appendEvent(db, now, 'job.taken-back', job.id, data);
    if (ended.event !== 'job.taken-back') appendEvent(db, now, ended.event, job.id, data);
    return true;
  });
}

/** The job, if this attempt is the one that runs and the token is the one it was claimed with. */
export function fenced(db: Connection, fence: Fence): JobRow | undefined {
  return db.one<JobRow>(
    `SELECT * FROM jobs WHERE id = ? AND state = 'running' AND lease_token = ? AND claims = ?`,
    [fence.job, fence.token, fence.attempt],
  );
}

function attemptOf(db: Connection, fence: Fence): AttemptRow {
  const sql = `SELECT ${ATTEMPT_COLUMNS} FROM attempts a WHERE a.job = ? AND a.n = ?`;
  return db.one<AttemptRow>(sql, [fence.job, fence.attempt])!;
}

function end(db: Connection, fence: Fence, ended: Ended, now: number): void {
  const ready = ended.state === 'queued' && ended.runAfter <= now;
  const jobs = db.run(END_JOB, {
    id: fence.job,
    token: fence.token,
    attempt: fence.attempt,
    state: ended.state,
    ready: ready ? 1 : 0,
    readyAt: ready ? now : null,
    attempts: ended.attempts,
    crashes: ended.crashes,
    suspect: ended.suspect,
    runAfter: ended.runAfter,
    waitReason: ended.waitReason,
    waitSince: ended.waitSince,
    lastError: json(ended.lastError),
    finishedAt: ended.state === 'queued' ? null : now,
  });
  const attempts = db.run(END_ATTEMPT, {
    job: fence.job,
    n: fence.attempt,
    now,
    outcome: ended.outcome,
    error: json(ended.attemptError),
  });
  if (jobs !== 1 || attempts !== 1) throw new Error(`attempt of job ${fence.job} ended twice`);
}

function eventData(
  job: JobRow,
  fence: Fence,
  ended: Ended,
): Record<string, string | number | null> {
  return {
    agent: job.agent,
    attempt: fence.attempt,
    outcome: ended.outcome,
    code: ended.attemptError?.code ?? null,
    runAfter: ended.state === 'queued' ? ended.runAfter : null,
    waitReason: ended.waitReason,
  };
}

function json(error: JobError | null): string | null {
  return error === null ? null : JSON.stringify(error);
}

const END_JOB = `
  UPDATE jobs
  SET state = :state, ready = :ready, ready_at = :readyAt, attempts = :attempts,
      crashes = :crashes, suspect = :suspect, run_after = :runAfter, wait_reason = :waitReason,
      wait_since = :waitSince, lease_token = NULL, lease_until = NULL, instance = NULL,
      last_error = :lastError, finished_at = :finishedAt
  WHERE id = :id AND state = 'running' AND lease_token = :token AND claims = :attempt`;

const END_ATTEMPT = `
  UPDATE attempts AS a
  SET ended_at = :now, outcome = :outcome, error = :error, spent_nusd = ${SPENT_OF_ATTEMPT}
  WHERE a.job = :job AND a.n = :n AND a.ended_at IS NULL`;
