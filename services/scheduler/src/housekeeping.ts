import type { Clock, Pruned, RetentionSettings, RetentionStore } from '@nightshift/domain';
import { SteadyClock } from './steady-clock.ts';

/** Between two looks for what is old, and two checkpoints. */
const EVERY_MS = 60_000;
/** Between two looks at the files of reports. */
const FILES_EVERY_MS = 3_600_000;
/** Between two passes while there is more to remove: others get the lock in the meantime. */
const BREATH_MS = 50;
/** Rows of one kind in one transaction: a few milliseconds on a slow disk. */
export const ROWS_PER_PASS = 200;

export interface HousekeepingParts {
  readonly retention: RetentionStore;
  readonly ages: RetentionSettings;
  readonly clock: Clock;
  /** Removes files of reports made before then, at most so many. @returns how many it removed. */
  readonly reportFiles: (before: number, limit: number) => Promise<number>;
  readonly onPruned: (removed: Pruned['removed']) => void;
  /** The log could not be written back whole: somebody has been reading for long. */
  readonly onPinned: (walBytes: number) => void;
}

/**
 * What the scheduler does when it has nothing to decide: it removes what is old, in short
 * transactions, and writes the log back into the database.
 *
 * Nothing is removed by a clock that has not been steady for an hour: a machine that starts in the
 * year 2099 shall not take everything for old before somebody corrects it.
 */
export class Housekeeping {
  readonly #parts: HousekeepingParts;
  readonly #steady: SteadyClock;
  #nextAt = 0;
  #filesAt = 0;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
    this.#steady = new SteadyClock(parts.clock);
  }

  /** One pass, if it is time for one. @returns how long the scheduler may sleep at most, ms. */
  async pass(): Promise<number> {
    const { clock, retention, ages } = this.#parts;
    const steady = this.#steady.look();
    const now = clock.monotonic();
    if (now < this.#nextAt) return this.#nextAt - now;
    const { bytes, busy } = await retention.checkpoint();
    if (busy) this.#parts.onPinned(bytes);
    let more = false;
    if (steady) {
      const pruned = await retention.prune(ages, ROWS_PER_PASS);
      more = pruned.more || (await this.#removeFiles());
      if (Object.values(pruned.removed).some((it) => it > 0)) this.#parts.onPruned(pruned.removed);
    }
    const pause = more ? BREATH_MS : EVERY_MS;
    this.#nextAt = clock.monotonic() + pause;
    return pause;
  }

  /** @returns true when there may be more. */
  async #removeFiles(): Promise<boolean> {
    const { clock, ages, reportFiles } = this.#parts;
    if (clock.monotonic() < this.#filesAt) return false;
    const removed = await reportFiles(clock.now() - ages.reportsMs, ROWS_PER_PASS);
    if (removed >= ROWS_PER_PASS) return true;
    this.#filesAt = clock.monotonic() + FILES_EVERY_MS;
    return false;
  }
}
