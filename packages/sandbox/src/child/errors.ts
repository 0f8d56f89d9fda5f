import type { Refusal } from '@nightshift/domain';
import { AgentError } from 'nightshift/runtime';
import type { CallError } from '../channel/protocol.ts';

/**
 * A call that a gate refused. The same shape as the worker's own error: agents test
 * `error.code === 'refused'` and read `error.refusal.reason`.
 */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code = 'refused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** What the other side said of a call, as an error. */
export function callError(error: CallError): RefusedError | AgentError {
  if (error.refusal !== undefined) return new RefusedError(error.refusal);
  return new AgentError(error.code, error.message);
}

/** The refusal behind an error, through its causes: libraries wrap what `fetch` throws. */
export function refusalIn(thrown: unknown): Refusal | undefined {
  let error = thrown;
  for (let depth = 0; depth < 10 && error instanceof Error; depth += 1) {
    if (error instanceof RefusedError) return error.refusal;
    error = error.cause ?? (error as { lastError?: unknown }).lastError;
  }
  return undefined;
}
