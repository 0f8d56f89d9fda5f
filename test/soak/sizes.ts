import { statSync } from 'node:fs';
import path from 'node:path';

const MB = 2 ** 20;
/**
 * The log is written back from four thousand pages on (16 MB), begins anew at eight thousand, and
 * is cut when it is above 16 MB. While a reader or a stopped writer holds it, it grows by what is
 * written meanwhile.
 */
const LOG_MAX_BYTES = 40 * MB;
/** An empty database with its indexes, and what one job leaves: attempts, calls, events, a slot. */
const EMPTY_BYTES = MB;
const JOB_BYTES = 16 * 1024;

/** How large the database and its log became. */
export class Sizes {
  readonly #files: { readonly db: string; readonly log: string };
  #most = { db: 0, log: 0 };

  constructor(stateDir: string) {
    const db = path.join(stateDir, 'nightshift.db');
    this.#files = { db, log: `${db}-wal` };
  }

  /** Looks once. */
  look(): void {
    for (const name of ['db', 'log'] as const) {
      const size = statSync(this.#files[name], { throwIfNoEntry: false })?.size ?? 0;
      this.#most[name] = Math.max(this.#most[name], size);
    }
  }

  /** The largest of each, bytes. */
  get most(): { readonly db: number; readonly log: number } {
    return this.#most;
  }

  /** What is larger than it may be after so many jobs, in words. */
  beyond(jobs: number): string[] {
    const limits = { db: EMPTY_BYTES + jobs * JOB_BYTES, log: LOG_MAX_BYTES };
    return (['db', 'log'] as const)
      .filter((name) => this.#most[name] > limits[name])
      .map((name) => `the ${name} became ${this.#most[name]} bytes, its limit is ${limits[name]}`);
  }
}
