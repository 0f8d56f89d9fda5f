import { BREAKER_POLICY, CALL_BACKOFF, CALL_MAX_MS } from '@nightshift/domain';
import type { BackoffPolicy, BreakerPolicy } from '@nightshift/domain';

/** Every limit of the broker. Milliseconds and bytes. */
export interface Limits {
  /** Tries of one model call in all, each with a hold of its own. */
  readonly tries: number;
  readonly callBackoff: BackoffPolicy;
  /** A `Retry-After` longer than this is the job's to wait for, not the call's. */
  readonly retryAfterMaxMs: number;
  readonly callMaxMs: number;
  /** Less than `HOLD_FRESH_MS`, so that a hold is not stale when the connection stands. */
  readonly connectTimeoutMs: number;
  /** Body of a request to a model. */
  readonly requestBytes: number;
  /** Answer of a model; beyond it the call is cut. */
  readonly answerBytes: number;
  /** Answers up to this size are journalled. */
  readonly journalBytes: number;
  /** Written into a body that sets no maximum of output. */
  readonly defaultOutputTokens: number;
  /** How long the same failed request is answered from memory instead of being sent again. */
  readonly giveUpMs: number;
  readonly breaker: BreakerPolicy;
}

export const DEFAULT_LIMITS: Limits = {
  tries: 3,
  callBackoff: CALL_BACKOFF,
  retryAfterMaxMs: 30_000,
  callMaxMs: CALL_MAX_MS,
  connectTimeoutMs: 4_000,
  requestBytes: 4 * 1024 * 1024,
  answerBytes: 64 * 1024 * 1024,
  journalBytes: 4 * 1024 * 1024,
  defaultOutputTokens: 4_096,
  giveUpMs: 60_000,
  breaker: BREAKER_POLICY,
};
