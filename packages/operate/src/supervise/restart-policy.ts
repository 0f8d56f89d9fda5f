import { EXIT, backoffMs, type BackoffPolicy } from '@nightshift/domain';

/** Restarts of a service: half a second, then doubling, never more than 30 s. */
export const RESTART_BACKOFF: BackoffPolicy = { baseMs: 500, factor: 2, maxMs: 30_000 };
/** A life this long was a good one: the next failure is the first again. */
export const GOOD_LIFE_MS = 60_000;

/** How one life of a service ended. */
export interface ServiceEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly livedMs: number;
}

export type RestartDecision =
  | { readonly kind: 'restart'; readonly failures: number; readonly delayMs: number }
  /** Only a person can change what is wrong. */
  | { readonly kind: 'give-up' };

/**
 * What a supervisor does after a service ended by itself. Pure. No jitter below the ceiling: there
 * is one of each service, so nothing comes back together.
 */
export function decideRestart(end: ServiceEnd, failuresBefore: number): RestartDecision {
  if (end.code === EXIT.config) return { kind: 'give-up' };
  const failures = (end.livedMs >= GOOD_LIFE_MS ? 0 : failuresBefore) + 1;
  return { kind: 'restart', failures, delayMs: backoffMs(RESTART_BACKOFF, failures, () => 1) };
}
