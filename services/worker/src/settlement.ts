import {
  type ChildOutcome,
  JOB_BACKOFF,
  REFUSAL_EFFECT,
  type Refusal,
  type Settlement,
  type WaitReason,
  backoffMs,
} from '@nightshift/domain';

/** Why the worker itself ended a child. */
export type AbortReason = 'halted' | 'draining' | 'lease-lost' | 'cancelled';

/** Facts about an attempt that ended. */
export interface AttemptFacts {
  readonly outcome: ChildOutcome;
  /** The last refusal by a gate in this attempt, whether or not the agent passed it on. */
  readonly refusal: Refusal | null;
  /** Attempts counted so far, this one included. */
  readonly attempts: number;
  readonly now: number;
  readonly random?: () => number;
}

/** A gate that gives no time for the next try is asked again after this. */
const WAIT_AT_LEAST_MS = 1_000;

/**
 * What becomes of a job whose attempt ended. Pure.
 *
 * An agent that finished is done, even if a gate said no on the way: it coped. Otherwise a refusal
 * decides before the agent's own error, because that error is most often the refusal in the words
 * of some library.
 */
export function settlementOf(facts: AttemptFacts): Settlement {
  const { outcome, refusal } = facts;
  switch (outcome.kind) {
    case 'done':
      return { kind: 'done' };
    case 'cancel':
      return { kind: 'cancelled', message: outcome.message };
    case 'aborted':
      if (outcome.reason === 'cancelled') {
        return { kind: 'cancelled', message: 'cancelled by a person' };
      }
      return { kind: 'returned', reason: outcome.reason };
    case 'failed':
      if (refusal !== null) return settlementOfRefusal(refusal, facts.now);
      return failed(facts, 'failed', outcome.retryAfterMs);
    case 'crashed':
      return failed(facts, 'crashed');
    case 'timeout':
      return failed(facts, 'timeout');
  }
}

/** The effect of a refusal on the job: back to the queue, wait, or dead. */
export function settlementOfRefusal(refusal: Refusal, now: number): Settlement {
  const { reason, message } = refusal;
  switch (REFUSAL_EFFECT[reason]) {
    case 'return':
      return { kind: 'returned', reason };
    case 'dead':
      return { kind: 'dead', error: { code: reason, message } };
    case 'wait':
      return {
        kind: 'returned',
        reason,
        runAfter: Math.max(refusal.until ?? 0, now + WAIT_AT_LEAST_MS),
        waitReason: waitReason(reason),
      };
  }
}

function waitReason(reason: Refusal['reason']): WaitReason {
  if (reason === 'breaker-open') return 'breaker';
  return reason === 'rate-limited' ? 'rate' : 'cap';
}

function failed(
  facts: AttemptFacts,
  outcome: 'failed' | 'crashed' | 'timeout',
  retryAfterMs?: number,
): Settlement {
  const { attempts, now, random } = facts;
  const delay = retryAfterMs ?? backoffMs(JOB_BACKOFF, attempts, random);
  const error =
    'error' in facts.outcome
      ? facts.outcome.error
      : { code: outcome, message: `the attempt ended as ${outcome}` };
  return { kind: 'failed', error, outcome, runAfter: now + delay };
}
