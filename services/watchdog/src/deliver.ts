import { toError } from '@nightshift/domain';
import type { Outbox } from '@nightshift/alerts';
import type { Log } from '@nightshift/lifecycle';

/**
 * Runs the outbox beside the ticks: a channel that takes its time delays neither a tick nor another
 * channel. The outbox itself keeps each channel to one message at a time.
 */
export class Deliverer {
  readonly #outbox: Pick<Outbox, 'run'>;
  readonly #log: Pick<Log, 'error'>;
  readonly #passes = new Set<Promise<unknown>>();
  #passed = true;

  constructor(outbox: Pick<Outbox, 'run'>, log: Pick<Log, 'error'>) {
    this.#outbox = outbox;
    this.#log = log;
  }

  /** Starts a pass over what is due and returns at once. */
  kick(): void {
    const pass = this.#outbox
      .run()
      .then(() => (this.#passed = true))
      .catch((error: unknown) => {
        this.#passed = false;
        this.#log.error('delivery-failed', 'a delivery pass failed', { error: toError(error) });
      })
      .finally(() => this.#passes.delete(pass));
    this.#passes.add(pass);
  }

  /** False when the last pass that ended failed. */
  get passed(): boolean {
    return this.#passed;
  }

  /** Resolves when nothing is being sent any more. */
  async settled(): Promise<void> {
    while (this.#passes.size > 0) await Promise.all(this.#passes);
  }
}
