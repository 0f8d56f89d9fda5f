import { toError, type Clock } from '@nightshift/domain';
import type { Post } from '@nightshift/alerts';
import type { Log } from '@nightshift/lifecycle';

/** Between two pings, ms: check services count in minutes. */
const PING_MS = 60_000;
const TIMEOUT_MS = 10_000;

/** What the watchdog knows about itself after a tick. */
export interface OwnHealth {
  /** Facts were read, its own database was written, and messages find a way out. */
  readonly well: boolean;
  /** It has given up on something: a person has to come now. */
  readonly stoodDown: boolean;
}

export interface DeadManOptions {
  /** Without a trailing slash. */
  readonly url: string;
  readonly post: Post;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
}

/**
 * A check URL outside of this machine (healthchecks.io and its like): asked for while all is well,
 * so that its silence says what nobody here could say any more. `URL/start` at the beginning, `URL`
 * while well, `URL/fail` once when the watchdog stands down. A ping that fails is not repeated: the
 * next one is a minute away.
 */
export class DeadMan {
  readonly #options: DeadManOptions;
  readonly #sending = new Set<Promise<void>>();
  #nextAt = Number.NEGATIVE_INFINITY;
  #started = false;
  #failed = false;

  constructor(options: DeadManOptions) {
    this.#options = options;
  }

  /** After a tick. Sends beside it and returns at once. */
  tick({ well, stoodDown }: OwnHealth): void {
    if (!this.#started) {
      this.#started = true;
      this.#send('/start');
    }
    if (stoodDown !== this.#failed) {
      this.#failed = stoodDown;
      if (stoodDown) this.#send('/fail');
      else this.#nextAt = Number.NEGATIVE_INFINITY;
    }
    if (!well || stoodDown || this.#options.clock.monotonic() < this.#nextAt) return;
    this.#nextAt = this.#options.clock.monotonic() + PING_MS;
    this.#send('');
  }

  /** Resolves when nothing is being sent any more. */
  async settled(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }

  #send(suffix: '' | '/start' | '/fail'): void {
    const sent = this.#ping(suffix).finally(() => this.#sending.delete(sent));
    this.#sending.add(sent);
  }

  async #ping(suffix: string): Promise<void> {
    const { url, post, log } = this.#options;
    try {
      const request = { url: new URL(`${url}${suffix}`), headers: {}, body: '' };
      const { status } = await post({ ...request, timeoutMs: TIMEOUT_MS });
      if (status >= 300) throw new Error(`the check URL answered ${status}`);
    } catch (error) {
      log.warn('check-url-failed', 'the check URL could not be asked for', {
        error: toError(error),
      });
    }
  }
}
