import { createHash } from 'node:crypto';
import type { HttpRequest, Principal } from '@nightshift/domain';

/** More than any attempt keeps failing at once; the oldest is forgotten first. */
const MAX_KEPT = 1_000;

/**
 * Requests that were given up on after all their tries, for a short while: an SDK in the payload
 * that retries on its own gets the same failure again without another call on the wire.
 */
export class GiveUps<T> {
  readonly #kept = new Map<string, { readonly until: number; readonly failure: T }>();
  readonly #keepMs: number;
  readonly #monotonic: () => number;

  constructor(keepMs: number, monotonic: () => number) {
    this.#keepMs = keepMs;
    this.#monotonic = monotonic;
  }

  remember(key: string, failure: T): void {
    this.#kept.delete(key);
    this.#kept.set(key, { until: this.#monotonic() + this.#keepMs, failure });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  find(key: string): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.until > this.#monotonic()) return kept.failure;
    this.#kept.delete(key);
    return undefined;
  }
}

/** The same request of the same attempt, whatever its ordinal. */
export function giveUpKey(who: Principal, request: HttpRequest, requestHash: string): string {
  const parts = [who.job, who.attempt, request.step, requestHash];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
