import type {
  AttemptOutcome,
  JobError,
  JobState,
  Settlement,
  WaitReason,
} from '@nightshift/domain';
import type { EventKind } from '../event-kinds.ts';
import type { JobRow } from './rows.ts';

/** Crashes of the worker while a job ran alone that make it dead. */
export const CRASHES_ALLOWED = 3;

/** What becomes of a running job and its attempt: every column that a settlement may change. */
export interface Ended {
  readonly state: Exclude<JobState, 'running'>;
  readonly attempts: number;
  readonly crashes: number;
  readonly suspect: 0 | 1;
  readonly runAfter: number;
  readonly waitReason: WaitReason | null;
  readonly waitSince: number | null;
  readonly lastError: JobError | null;
  readonly outcome: AttemptOutcome;
  /** What the attempt's own row says. */
  readonly attemptError: JobError | null;
  readonly event: EventKind;
}

/** Applies a worker's settlement to a running job. Pure. */
export function settled(job: JobRow, settlement: Settlement, now: number): Ended {
  if (settlement.kind === 'done') {
    return { ...final(job, 'done', 'job.done', null), outcome: 'done', attemptError: null };
  }
  if (settlement.kind === 'dead') {
    const { error } = settlement;
    return { ...final(job, 'dead', 'job.dead', error), outcome: 'failed', attemptError: error };
  }
  if (settlement.kind === 'cancelled') {
    const why = { code: 'cancelled', message: settlement.message };
    return { ...cancelled(job, why), outcome: 'cancelled', attemptError: why };
  }
  if (settlement.kind === 'failed') {
    const { error, outcome, runAfter } = settlement;
    return { ...failed(job, error, runAfter, now), outcome, attemptError: error };
  }
  const attemptError = { code: 'returned', message: settlement.reason };
  return { ...returned(job, settlement, now), outcome: 'returned', attemptError };
}

/**
 * A running job whose worker is gone. Which of several jobs took the worker down cannot be known,
 * so an attempt in company is given back; one that ran alone counts, as an attempt and as a crash.
 */
export function takenBack(job: JobRow, alone: boolean, error: JobError, now: number): Ended {
  const ending = { outcome: 'crashed', attemptError: error } as const;
  const crashes = job.crashes + (alone ? 1 : 0);
  const attempts = job.attempts - (alone ? 0 : 1);
  const struck: JobRow = { ...job, crashes, attempts, suspect: 1 };
  if (job.cancel_asked === 1) return { ...cancelled(struck, CANCEL_ASKED), ...ending };
  if (crashes >= CRASHES_ALLOWED || attempts >= job.max_attempts) {
    return { ...final(struck, 'dead', 'job.dead', crashedError(crashes, error)), ...ending };
  }
  const again = waiting(struck, 'job.taken-back', now, now, null);
  return { ...again, suspect: 1, lastError: error, ...ending };
}

type Fate = Omit<Ended, 'outcome' | 'attemptError'>;

function failed(job: JobRow, error: JobError, runAfter: number, now: number): Fate {
  if (job.attempts >= job.max_attempts) return final(job, 'dead', 'job.dead', error);
  if (job.cancel_asked === 1) return cancelled(job, CANCEL_ASKED);
  // It got past the gates, so the time it may wait for them begins anew.
  const again = waiting({ ...job, wait_since: null }, 'job.retried', runAfter, now, 'backoff');
  return { ...again, lastError: error };
}

function returned(
  job: JobRow,
  settlement: Extract<Settlement, { kind: 'returned' }>,
  now: number,
): Fate {
  const givenBack: JobRow = { ...job, attempts: job.attempts - 1 };
  if (job.cancel_asked === 1) return cancelled(givenBack, CANCEL_ASKED);
  const { waitReason, runAfter = now } = settlement;
  const waitSince = waitReason === undefined ? job.wait_since : (job.wait_since ?? now);
  const row = { ...givenBack, wait_since: waitSince };
  return waiting(row, 'job.returned', runAfter, now, waitReason ?? 'delay');
}

/** Back in the queue: runnable at once, or waiting until `runAfter` for `reason`. */
function waiting(
  job: JobRow,
  event: EventKind,
  runAfter: number,
  now: number,
  reason: WaitReason | null,
): Fate {
  return {
    state: 'queued',
    attempts: job.attempts,
    crashes: job.crashes,
    suspect: job.suspect,
    runAfter,
    waitReason: runAfter > now ? reason : null,
    waitSince: job.wait_since,
    lastError: job.last_error === null ? null : (JSON.parse(job.last_error) as JobError),
    event,
  };
}

function final(
  job: JobRow,
  state: 'done' | 'dead' | 'cancelled',
  event: EventKind,
  lastError: JobError | null,
): Fate {
  return {
    state,
    attempts: job.attempts,
    crashes: job.crashes,
    suspect: 0,
    runAfter: job.run_after,
    waitReason: null,
    waitSince: null,
    lastError,
    event,
  };
}

function cancelled(job: JobRow, why: JobError): Fate {
  return final(job, 'cancelled', 'job.cancelled', why);
}

function crashedError(crashes: number, error: JobError): JobError {
  const message = `the worker crashed ${crashes} times while this job ran alone: ${error.message}`;
  return { code: 'crashed', message };
}

const CANCEL_ASKED: JobError = { code: 'cancelled', message: 'cancelled by a person' };
