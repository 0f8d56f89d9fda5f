import type { Exchange } from './http-server.ts';
import type { Watch } from './watch.ts';

/** Holds calls until somebody releases them, so that a test can act while one is in flight. */
export class Gate {
  readonly #held: (() => void)[] = [];
  readonly #watch: Watch;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  /** How many calls are being held now. */
  get size(): number {
    return this.#held.length;
  }

  /** Resolves on release; rejects with `ClientGone` when the client leaves first. */
  async hold(exchange: Exchange): Promise<void> {
    const { gone } = exchange;
    gone.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onGone = (): void => {
      this.#held.splice(this.#held.indexOf(resolve), 1);
      this.#watch.changed();
      reject(gone.reason as Error);
    };
    gone.addEventListener('abort', onGone, { once: true });
    this.#held.push(resolve);
    this.#watch.changed();
    await promise;
    gone.removeEventListener('abort', onGone);
  }

  /** Lets the oldest `count` held calls go on; returns how many there were. */
  release(count: number = this.#held.length): number {
    const freed = this.#held.splice(0, count);
    for (const resolve of freed) resolve();
    this.#watch.changed();
    return freed.length;
  }
}
