/** Exponential backoff with a ceiling; all in milliseconds. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** Retries of a job: about 10 s, 30 s, 90 s ... never more than an hour. */
export const JOB_BACKOFF: BackoffPolicy = { baseMs: 10_000, factor: 3, maxMs: 3_600_000 };

/** Retries of one call inside the broker: short, because a job is holding its lease meanwhile. */
export const CALL_BACKOFF: BackoffPolicy = { baseMs: 500, factor: 2, maxMs: 30_000 };

/**
 * Delay before try `attempt + 1`, after `attempt` failures (from 1), with full jitter: uniform
 * between 0 and the exponential ceiling, so that many clients that failed together do not come back
 * together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function backoffMs(
  policy: BackoffPolicy,
  attempt: number,
  random: () => number = Math.random,
): number {
  const exponent = Math.max(0, attempt - 1);
  const ceiling = Math.min(policy.maxMs, policy.baseMs * policy.factor ** exponent);
  return Math.floor(random() * ceiling);
}
