import type { Attempt, AttemptOutcome, Job, JobError, JobState } from '@nightshift/domain';
import type { Json, Progress, WaitReason } from '@nightshift/domain';
import type { Connection } from '../connection.ts';

/** A row of `jobs`. */
export interface JobRow {
  readonly id: string;
  readonly key: string;
  readonly agent: string;
  readonly input: string;
  readonly priority: number;
  readonly state: JobState;
  readonly ready: 0 | 1;
  readonly attempts: number;
  readonly claims: number;
  readonly max_attempts: number;
  readonly run_after: number;
  readonly wait_reason: WaitReason | null;
  readonly wait_since: number | null;
  readonly lease_token: string | null;
  readonly lease_until: number | null;
  readonly instance: string | null;
  readonly suspect: 0 | 1;
  readonly crashes: number;
  readonly cancel_asked: 0 | 1;
  readonly slot: number | null;
  readonly last_error: string | null;
  readonly progress: string | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly report: string | null;
}

/** A row of `attempts`, with what its calls cost so far. */
export interface AttemptRow {
  readonly job: string;
  readonly n: number;
  readonly instance: string;
  readonly child_pid: number | null;
  readonly child_start_ticks: number | null;
  readonly child_boot_id: string | null;
  readonly child_pid_namespace: string | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly outcome: AttemptOutcome | null;
  readonly error: string | null;
  readonly spent: number;
  readonly source: string | null;
  readonly alone: 0 | 1;
}

/**
 * What the calls of attempt `a` cost: what was billed, and the bound of what is presumed or still
 * in flight. The rows of an old job may be pruned; then what was noted at its end counts.
 */
export const SPENT_OF_ATTEMPT = `coalesce(
  (SELECT sum(CASE s.state WHEN 'released' THEN 0 ELSE coalesce(s.actual_nusd, s.bound_nusd) END)
   FROM spend s WHERE s.job = a.job AND s.attempt = a.n), a.spent_nusd)`;

export const ATTEMPT_COLUMNS = `a.job, a.n, a.instance, a.child_pid, a.child_start_ticks,
  a.child_boot_id, a.child_pid_namespace, a.started_at, a.ended_at, a.outcome, a.error,
  ${SPENT_OF_ATTEMPT} AS spent, a.source, a.alone`;

export function findJob(db: Connection, id: string): JobRow | undefined {
  return db.one<JobRow>('SELECT * FROM jobs WHERE id = ?', [id]);
}

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    key: row.key,
    agent: row.agent,
    input: parseInput(row.input),
    priority: row.priority,
    state: row.state,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    runAfter: row.run_after,
    waitReason: row.wait_reason,
    waitSince: row.wait_since,
    lease: leaseOf(row),
    slot: row.slot,
    lastError: parse(row.last_error) as JobError | null,
    progress: parse(row.progress) as Progress | null,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    report: row.report,
  };
}

export function toAttempt(row: AttemptRow): Attempt {
  return {
    job: row.job,
    n: row.n,
    instance: row.instance,
    child: childOf(row),
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: row.outcome,
    error: parse(row.error) as JobError | null,
    spentNusd: row.spent,
    source: row.source,
  };
}

function leaseOf(row: JobRow): Job['lease'] {
  if (row.lease_token === null || row.lease_until === null || row.instance === null) return null;
  return { token: row.lease_token, until: row.lease_until, instance: row.instance };
}

function childOf(row: AttemptRow): Attempt['child'] {
  if (row.child_pid === null) return null;
  return {
    pid: row.child_pid,
    startTicks: row.child_start_ticks ?? 0,
    bootId: row.child_boot_id ?? '',
    pidNamespace: row.child_pid_namespace ?? '',
  };
}

/** Text that this package wrote itself, or null. */
function parse(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

/**
 * The input as it was given. A row that somebody else wrote may hold text that is no JSON: it is
 * handed on as that text, so that one bad row never hides the others.
 */
function parseInput(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
