import type { Finish } from '../channel/protocol.ts';
import { refusalIn } from './errors.ts';

/**
 * What an agent threw, as the way its job ends. `Cancel` and `RetryAfter` are known by name, so
 * that two copies of the `nightshift` package do not make them strangers.
 */
export function finishOf(thrown: unknown): Finish {
  const refusal = refusalIn(thrown);
  if (refusal !== undefined) {
    return { kind: 'failed', code: 'refused', message: `${refusal.reason}: ${refusal.message}` };
  }
  if (!(thrown instanceof Error)) {
    return { kind: 'failed', code: 'agent-error', message: `the agent threw ${describe(thrown)}` };
  }
  if (thrown.name === 'Cancel') return { kind: 'cancel', message: thrown.message };
  const ms = (thrown as { ms?: unknown }).ms;
  if (thrown.name === 'RetryAfter' && typeof ms === 'number' && ms >= 0) {
    return { kind: 'failed', code: 'retry-after', message: thrown.message, retryAfterMs: ms };
  }
  return { kind: 'failed', code: codeOf(thrown), message: thrown.message || thrown.name };
}

/** Our own codes are kebab-case; others (`ENOENT`, `ERR_ACCESS_DENIED`) are the agent's affair. */
function codeOf(error: Error): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^[a-z][a-z0-9-]*$/.test(code) ? code : 'agent-error';
}

function describe(thrown: unknown): string {
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return 'something that is not an Error';
  }
}
