import { statSync } from 'node:fs';
import { type Clock, systemClock } from '@nightshift/domain';

/** Folders that are kept for one look; a larger tree is walked every time. */
const FOLDERS_MAX = 2_000;
/** Looks that are kept; the oldest goes first. */
const LOOKS_MAX = 64;
/** A change this young may have a second one in the same tick of the file system's clock, ms. */
const TICK_MS = 2_000;

/** When each path changed last, ms; null for one that is not there. */
type Changes = ReadonlyMap<string, number | null>;

/**
 * What was found the last time, for as long as nothing it was found in has changed. A folder's
 * `ctime` moves with every name that comes, goes or is replaced in it, and nobody can set it back
 * (inode(7)). So a look at the folders is enough to know that walking them would find the same; it
 * takes microseconds where the walk takes milliseconds.
 */
export class Unchanged<Found> {
  readonly #clock: Clock;
  readonly #looks = new Map<string, { readonly changes: Changes; readonly found: Found }>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** What was found, if it would be found again; undefined if somebody has to look. */
  recall(key: string): Found | undefined {
    const look = this.#looks.get(key);
    if (look === undefined) return undefined;
    for (const [path, at] of look.changes) {
      if (changedAt(path) !== at) return this.#forget(key);
    }
    return look.found;
  }

  /**
   * Remembers what was found, unless it may have changed while somebody looked.
   * @param changes of every folder and file on which it depends, from before it was read.
   */
  remember(key: string, changes: Changes, found: Found): void {
    const now = this.#clock.now();
    const young = [...changes.values()].some((at) => at !== null && Math.abs(now - at) < TICK_MS);
    if (young || changes.size > FOLDERS_MAX) return;
    this.#looks.set(key, { changes, found });
    for (const oldest of this.#looks.keys()) {
      if (this.#looks.size > LOOKS_MAX) this.#looks.delete(oldest);
    }
  }

  #forget(key: string): undefined {
    this.#looks.delete(key);
    return undefined;
  }
}

/** When a path changed last, ms; null when it is not there. */
export function changedAt(path: string): number | null {
  try {
    return statSync(path).ctimeMs;
  } catch {
    return null;
  }
}
