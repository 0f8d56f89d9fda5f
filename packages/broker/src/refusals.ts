import { RefusedError, sanitiseLine } from '@nightshift/domain';
import type { Refusal, RefusalReason } from '@nightshift/domain';

/** A refusal as a value, its message safe to print. `until` in epoch ms, only where waiting helps. */
export function refusal(reason: RefusalReason, message: string, until?: number): Refusal {
  const safe = sanitiseLine(message, 400);
  return until === undefined ? { reason, message: safe } : { reason, message: safe, until };
}

/** The rejection for a refusal by a gate. */
export function refuse(reason: RefusalReason, message: string, until?: number): RefusedError {
  return new RefusedError(refusal(reason, message, until));
}

/** A body, header or query that a wire does not allow; `path` names the place in the request. */
export function denied(path: string, why: string): RefusedError {
  return refuse('request-denied', `${path}: ${why}`);
}
