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
    this.#forget();
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size;
  }

  find(key: string): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.until > this.#monotonic()) return kept.failure;
    this.#kept.delete(key);
    return undefined;
  }

  /** All are kept for as long, so those that are over stand first. */
  #forget(): void {
    const now = this.#monotonic();
    for (const [key, { until }] of this.#kept) {
      if (until > now && this.#kept.size <= MAX_KEPT) return;
      this.#kept.delete(key);
    }
  }
}

/** The same request of the same attempt, whatever its ordinal. */
export function giveUpKey(who: Principal, request: HttpRequest, requestHash: string): string {
  const parts = [who.job, who.attempt, request.step, requestHash];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
