import { askBreaker, breakerFailed, breakerSucceeded } from '@nightshift/domain';
import type { Breaker, BreakerPolicy, BreakerStore, Refusal } from '@nightshift/domain';
import { refusal } from './refusals.ts';

/** What the end of a call says about the endpoint. */
export type BreakerNews =
  | { readonly kind: 'success' }
  /** It answered, and the trouble was the payload's own: proves life, says nothing more. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'failure'; readonly reason: string; readonly trip: boolean }
  /** The call ended on this side: nothing was learnt. */
  | { readonly kind: 'nothing' };

/** Reads, decides and writes the shared row again until nobody was in between. */
const MAX_RACES = 20;

/** The breakers as the broker uses them. Every write is a compare-and-set of the whole row. */
export class BreakerDoor {
  readonly #store: BreakerStore;
  readonly #policy: BreakerPolicy;
  readonly #now: () => number;

  constructor(store: BreakerStore, policy: BreakerPolicy, now: () => number) {
    this.#store = store;
    this.#policy = policy;
    this.#now = now;
  }

  /** Whether a call would be refused now. Takes no probe. */
  async look(endpoint: string): Promise<Refusal | null> {
    const breaker = await this.#store.get(endpoint);
    const asked = askBreaker(breaker, '', this.#now(), this.#policy);
    return asked.answer === 'refuse' ? openRefusal(breaker, asked.until) : null;
  }

  /** Lets a call through, or takes the one probe of a half-open breaker for `owner`. */
  async enter(endpoint: string, owner: string): Promise<Refusal | null> {
    for (let race = 0; race < MAX_RACES; race++) {
      const breaker = await this.#store.get(endpoint);
      const asked = askBreaker(breaker, owner, this.#now(), this.#policy);
      if (asked.answer === 'pass') return null;
      if (asked.answer === 'refuse') return openRefusal(breaker, asked.until);
      if (await this.#store.swap(breaker, asked.next)) return null;
    }
    return refusal('breaker-open', `${endpoint} is being probed by others`, this.#now());
  }

  /** Books how a call of `owner` ended. */
  async tell(endpoint: string, owner: string, news: BreakerNews): Promise<void> {
    for (let race = 0; race < MAX_RACES; race++) {
      const breaker = await this.#store.get(endpoint);
      const next = this.#after(breaker, owner, news);
      if (next === null || (await this.#store.swap(breaker, next))) return;
    }
  }

  /** The row after the news, or null when it stays as it is. */
  #after(breaker: Breaker, owner: string, news: BreakerNews): Breaker | null {
    const probing = breaker.state === 'half-open' && breaker.probeOwner === owner;
    if (news.kind === 'failure') {
      // What a call reports that left before the breaker opened belongs to that opening.
      if (breaker.state === 'half-open' && !probing && !news.trip) return null;
      return breakerFailed(breaker, news.reason, this.#now(), news.trip, this.#policy);
    }
    if (news.kind === 'nothing') return probing ? giveBack(breaker, this.#now()) : null;
    if (breaker.state === 'closed') {
      return news.kind === 'success' && breaker.failures > 0 ? breakerSucceeded(breaker) : null;
    }
    return probing ? breakerSucceeded(breaker) : null;
  }
}

/** The probe was never answered: the next call may probe at once. */
function giveBack(breaker: Breaker, now: number): Breaker {
  return { ...breaker, state: 'open', probeOwner: null, nextProbeAt: now };
}

function openRefusal(breaker: Breaker, until: number): Refusal {
  const why = breaker.reason ?? 'too many failures in a row';
  return refusal('breaker-open', `the breaker of ${breaker.name} is open: ${why}`, until);
}
