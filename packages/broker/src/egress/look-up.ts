import { NightshiftError } from '@nightshift/domain';
import type { Address, Resolve } from './addresses.ts';

/**
 * Resolves a name within `limitMs`. A lookup cannot be called back: one that takes too long, or that
 * nobody waits for any more, is left to itself.
 *
 * @throws NightshiftError `fetch-timeout`, `fetch-aborted`, `fetch-failed`; a retry may help.
 */
export async function lookUp(
  resolve: Resolve,
  name: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<readonly Address[]> {
  const deadline = AbortSignal.timeout(limitMs);
  const over = AbortSignal.any([signal, deadline]);
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(over.reason);
  over.addEventListener('abort', end, { once: true });
  try {
    over.throwIfAborted();
    return await Promise.race([resolve(name), ended.promise]);
  } catch (cause) {
    const fail = (code: string, why: string): NightshiftError => {
      const facts = { at: name, retryable: true, cause };
      return new NightshiftError(code, `fetch from ${name}: ${why}`, facts);
    };
    if (signal.aborted) throw fail('fetch-aborted', 'aborted');
    if (deadline.aborted) throw fail('fetch-timeout', 'looking up the name took too long');
    throw fail('fetch-failed', 'not found');
  } finally {
    over.removeEventListener('abort', end);
  }
}
