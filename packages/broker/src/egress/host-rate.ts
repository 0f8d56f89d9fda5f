import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Refusal } from '@nightshift/domain';
import { refusal } from '../refusals.ts';

/** One host's queue. */
interface Turn {
  /** Ends when the request before has ended. */
  tail: Promise<void>;
  /** Not before this moment on the monotonic clock. */
  nextAt: number;
  /** The host asked to be left alone until then, epoch ms. */
  blockedUntil: number;
  waiting: number;
}

/** Hosts that are remembered; the longest unused are forgotten first. */
const MAX_HOSTS = 1_000;

/**
 * One request at a time to a host, and never in quick succession. Counts in this process only;
 * several workers are each this polite.
 */
export class HostRate {
  readonly #turns = new Map<string, Turn>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The refusal of a host that asked to be left alone. */
  blocked(host: string): Refusal | null {
    const until = this.#turns.get(host)?.blockedUntil ?? 0;
    if (until <= this.#clock.now()) return null;
    return refusal('rate-limited', `${host} asked to be left alone`, until);
  }

  /** The host asked to be left alone until `at`, epoch ms. */
  block(host: string, at: number): Refusal {
    this.#turn(host).blockedUntil = at;
    return refusal('rate-limited', `${host} asked to be left alone`, at);
  }

  /**
   * Runs `work` when it is this request's turn, at least `intervalMs` after the one before ended.
   * Rejects as the signal does when it is aborted while waiting.
   */
  async take<T>(
    host: string,
    intervalMs: number,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    const turn = this.#turn(host);
    const before = turn.tail;
    const mine = Promise.withResolvers<void>();
    turn.tail = before.then(() => mine.promise);
    turn.waiting += 1;
    try {
      await before;
      signal.throwIfAborted();
      const wait = turn.nextAt - this.#clock.monotonic();
      if (wait > 0) await sleep(wait, undefined, { signal });
      return await work();
    } finally {
      turn.waiting -= 1;
      turn.nextAt = this.#clock.monotonic() + intervalMs;
      mine.resolve();
    }
  }

  #turn(host: string): Turn {
    const known = this.#turns.get(host);
    const fresh = { tail: Promise.resolve(), nextAt: 0, blockedUntil: 0, waiting: 0 };
    const turn = known ?? fresh;
    this.#turns.delete(host);
    this.#turns.set(host, turn);
    for (const [name, old] of this.#turns) {
      if (this.#turns.size <= MAX_HOSTS) break;
      if (old.waiting === 0 && old.blockedUntil <= this.#clock.now()) this.#turns.delete(name);
    }
    return turn;
  }
}
