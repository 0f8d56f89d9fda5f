import { randomUUID } from 'node:crypto';
import { JOB_INPUT_MAX_BYTES } from '@nightshift/domain';
import type { Clock, Fence, JobError, JobStore } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import type { JobRow } from './rows.ts';
import { endAttempt } from './settle.ts';

type ClaimRequest = Parameters<JobStore['claim']>[0];

/** How long a suspect waits for a quiet moment before the others run one at a time, ms. */
export const SUSPECT_PATIENCE_MS = 60_000;

/**
 * Claims a job, or says no by changing nothing. One guarded statement decides everything: halt,
 * pause, the agent's concurrency, and that a suspect runs alone.
 */
export async function claim(
  db: Connection,
  clock: Clock,
  request: ClaimRequest,
): Promise<{ row: JobRow; fence: Fence } | null> {
  return db.write(() => {
    const now = clock.now();
    const token = randomUUID();
    const row = db.one<JobRow>(CLAIM, {
      job: request.job,
      instance: request.instance,
      until: request.leaseUntil,
      max: request.maxRunningOfAgent,
      token,
      now,
      impatientSince: now - SUSPECT_PATIENCE_MS,
    });
    if (row === undefined) return null;
    openAttempt(db, row, request, token, now);
    const { agent, claims: attempt, instance } = row;
    appendEvent(db, now, 'job.claimed', row.id, { agent, attempt, instance });
    const fence = { job: row.id, attempt, token };
    const error = inputError(row.input);
    if (error === null) return { row, fence };
    endAttempt(db, row, fence, { kind: 'dead', error }, now);
    return null;
  });
}

/** What is wrong with an input that did not come through `enqueue`, or null. */
function inputError(input: string): JobError | null {
  const bytes = Buffer.byteLength(input);
  if (bytes > JOB_INPUT_MAX_BYTES) {
    const message = `the input has ${bytes} bytes; ${JOB_INPUT_MAX_BYTES} are allowed`;
    return { code: 'job-input-too-large', message };
  }
  try {
    JSON.parse(input);
    return null;
  } catch {
    return { code: 'job-input-invalid', message: 'the input is not JSON' };
  }
}

/**
 * Whether a worker that runs nothing could claim something, whatever the agents' limits: less than
 * a claim would allow where an agent may run more than once at a time.
 */
export function isAnyClaimable(db: Connection, now: number): boolean {
  const impatientSince = now - SUSPECT_PATIENCE_MS;
  return db.one<{ yes: 0 | 1 }>(CLAIMABLE, { impatientSince })!.yes === 1;
}

/** Also ends the loneliness of whatever runs on the instance: a crash from now on may be this job. */
function openAttempt(
  db: Connection,
  row: JobRow,
  request: ClaimRequest,
  token: string,
  now: number,
): void {
  const others = { job: row.id, instance: request.instance };
  const company = db.run(NOT_ALONE_ANY_MORE, others) > 0;
  db.run(
    `INSERT INTO attempts (job, n, instance, token, started_at, source, alone)
     VALUES (:job, :n, :instance, :token, :now, :source, :alone)`,
    {
      ...others,
      n: row.claims,
      token,
      now,
      source: request.source,
      alone: company ? 0 : 1,
    },
  );
}

const NOT_ALONE_ANY_MORE = `
  UPDATE attempts SET alone = 0
  WHERE (job, n) IN (SELECT id, claims FROM jobs
                     WHERE state = 'running' AND instance = :instance AND id <> :job)`;

// A job that runs on an instance that has ended runs nowhere; one of an unknown instance may.
const RUNNING_SOMEWHERE = `
  SELECT 1 FROM jobs r LEFT JOIN instances i ON i.id = r.instance
  WHERE r.state = 'running' AND i.stopped_at IS NULL`;

// A suspect that finds no quiet moment would wait for ever behind a busy queue. After a while the
// others run one at a time, which opens such moments and blocks nobody.
const IMPATIENT_SUSPECT = `
  SELECT 1 FROM jobs s
  WHERE s.suspect = 1 AND s.state = 'queued' AND s.ready_at <= :impatientSince
    AND NOT EXISTS (SELECT 1 FROM agents p WHERE p.name = s.agent AND p.paused = 1)`;

/** A suspect runs alone, as a condition on a row of `jobs`. */
const SUSPECTS_LET_IT = `
  NOT EXISTS (${RUNNING_SOMEWHERE} AND r.suspect = 1)
  AND (NOT EXISTS (${RUNNING_SOMEWHERE})
       OR (jobs.suspect = 0 AND NOT EXISTS (${IMPATIENT_SUSPECT})))`;

const CLAIM = `
  UPDATE jobs
  SET state = 'running', ready = 0, ready_at = NULL, attempts = attempts + 1, claims = claims + 1,
      wait_reason = NULL, lease_token = :token, lease_until = :until, instance = :instance,
      started_at = coalesce(started_at, :now)
  WHERE id = :job AND state = 'queued' AND ready = 1
    AND (SELECT halted FROM control WHERE id = 1) = 0
    AND NOT EXISTS (SELECT 1 FROM agents a WHERE a.name = jobs.agent AND a.paused = 1)
    AND (SELECT count(*) FROM jobs r WHERE r.state = 'running' AND r.agent = jobs.agent) < :max
    AND ${SUSPECTS_LET_IT}
  RETURNING *`;

// Agent by agent along the index, so that a long queue behind a running job costs nothing.
const CLAIMABLE = `
  WITH RECURSIVE live (agent) AS (
    SELECT min(agent) FROM jobs WHERE state IN ('queued', 'running')
    UNION ALL
    SELECT (SELECT min(agent) FROM jobs
            WHERE state IN ('queued', 'running') AND agent > live.agent)
    FROM live WHERE live.agent IS NOT NULL)
  SELECT EXISTS (
    SELECT 1 FROM live
    WHERE NOT EXISTS (SELECT 1 FROM agents a WHERE a.name = live.agent AND a.paused = 1)
      AND NOT EXISTS (SELECT 1 FROM jobs o WHERE o.state = 'running' AND o.agent = live.agent)
      AND EXISTS (SELECT 1 FROM jobs
                  WHERE jobs.agent = live.agent AND jobs.state = 'queued' AND jobs.ready = 1
                    AND ${SUSPECTS_LET_IT})) AS yes`;
