import { setImmediate as turn } from 'node:timers/promises';

/** Writes that share one commit at most: the event loop stands still for all of them. */
const TOGETHER_MAX = 16;

/** Commits in a row after which the event loop turns, so that who writes all the time stops nobody. */
const COMMITS_A_TURN = 16;

export type Operation = () => unknown;

/**
 * Commits operations in one transaction.
 * @param since when the first of them was asked for, on the monotonic clock
 * @returns their results, in order. Rejects when one of them failed: then none of them happened.
 */
type Commit = (operations: readonly Operation[], since: number) => Promise<readonly unknown[]>;

interface Waiting {
  readonly operation: Operation;
  readonly since: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The writes of one process, in the order in which they were asked for. Those that wait at the same
 * time share one commit, because waiting for the disk is most of what a write costs.
 */
export class WriteQueue {
  readonly #commit: Commit;
  #waiting: Waiting[] = [];
  #writing = false;
  #commits = 0;

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  /** Settles when the operation is committed, or has failed by its own fault. */
  async add<T>(operation: () => T, since: number): Promise<T> {
    const written = new Promise<T>((resolve, reject) => {
      this.#waiting.push({ operation, since, resolve: resolve as (it: unknown) => void, reject });
    });
    if (!this.#writing) {
      this.#writing = true;
      void this.#writeAll();
    }
    return written;
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whoever is about to write comes along.
      await (++this.#commits % COMMITS_A_TURN === 0 ? turn() : settled());
      await this.#write(this.#waiting.splice(0, TOGETHER_MAX));
    }
    this.#writing = false;
  }

  /** When one fails, all run again by themselves, so that each meets its own fate alone. */
  async #write(writes: readonly Waiting[]): Promise<void> {
    const operations = writes.map(({ operation }) => operation);
    try {
      const results = await this.#commit(operations, writes[0]!.since);
      for (const [n, { resolve }] of writes.entries()) resolve(results[n]);
    } catch (error) {
      if (writes.length === 1) return writes[0]!.reject(error);
      for (const write of writes) await this.#write([write]);
    }
  }
}

/** When every promise that is settled by now has told those who waited for it. */
async function settled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
