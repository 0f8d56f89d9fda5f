/**
 * Circuit breaker of one endpoint, as pure transitions over its row. The row is durable and shared
 * by all processes; `probe_owner` makes the half-open probe one over all of them.
 * States and names after Nygard, "Release It!".
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface Breaker {
  readonly name: string;
  readonly state: BreakerState;
  /** Consecutive failures while closed, then consecutive openings. */
  readonly failures: number;
  readonly openings: number;
  readonly openedAt: number | null;
  readonly nextProbeAt: number | null;
  readonly probeOwner: string | null;
  readonly reason: string | null;
}

export interface BreakerPolicy {
  /** Consecutive failures that open it. */
  readonly threshold: number;
  /** First cool-down; doubles with each opening in a row. */
  readonly coolDownMs: number;
  readonly coolDownMaxMs: number;
  /** A probe whose owner died is taken over after this time. */
  readonly probeMs: number;
}

export const BREAKER_POLICY: BreakerPolicy = {
  threshold: 5,
  coolDownMs: 30_000,
  coolDownMaxMs: 15 * 60_000,
  probeMs: 60_000,
};

/** A breaker nobody has used yet. */
export function closedBreaker(name: string): Breaker {
  return {
    name,
    state: 'closed',
    failures: 0,
    openings: 0,
    openedAt: null,
    nextProbeAt: null,
    probeOwner: null,
    reason: null,
  };
}

/** Asks to make a call: `pass`, `probe` (pass, and `next` must be written first), or when to retry. */
export function askBreaker(
  b: Breaker,
  owner: string,
  now: number,
  policy: BreakerPolicy = BREAKER_POLICY,
): { answer: 'pass' } | { answer: 'probe'; next: Breaker } | { answer: 'refuse'; until: number } {
  if (b.state === 'closed') return { answer: 'pass' };
  const until = b.nextProbeAt ?? now;
  if (now < until) return { answer: 'refuse', until };
  // Open and cooled down, or half-open with a probe that never came back.
  const next: Breaker = {
    ...b,
    state: 'half-open',
    probeOwner: owner,
    nextProbeAt: now + policy.probeMs,
  };
  return { answer: 'probe', next };
}

/** A call succeeded. */
export function breakerSucceeded(b: Breaker): Breaker {
  return closedBreaker(b.name);
}

/** A call failed; `tripNow` opens at once (quota gone, a bill above its bound). */
export function breakerFailed(
  b: Breaker,
  reason: string,
  now: number,
  tripNow = false,
  policy: BreakerPolicy = BREAKER_POLICY,
): Breaker {
  const failures = b.failures + 1;
  const opens = tripNow || b.state === 'half-open' || failures >= policy.threshold;
  if (b.state === 'open' && !tripNow) return { ...b, failures, reason };
  if (!opens) return { ...b, failures, reason };
  const openings = b.openings + 1;
  const coolDown = Math.min(policy.coolDownMaxMs, policy.coolDownMs * 2 ** (openings - 1));
  return {
    ...b,
    state: 'open',
    failures,
    openings,
    openedAt: now,
    nextProbeAt: now + coolDown,
    probeOwner: null,
    reason,
  };
}
