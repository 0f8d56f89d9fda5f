import { type FSWatcher, watch } from 'node:fs';
import { NIGHTSHIFT_DB } from '@nightshift/store';

/** Not the watchdog's, which lies in the same folder and is written at every tick. */
const WAL_FILE = `${NIGHTSHIFT_DB.file}-wal`;

/**
 * Moments after a write at which it is worth looking for the commit, ms. Between the two lies the
 * wait for the disk, which is a fraction of a millisecond or, on a busy one, hundreds.
 */
const BURST_MS = [0, 1, 2, 4, 8, 16, 64, 256] as const;
/** And after a change was seen: few, because nearly always that was the commit. */
const AFTERWARDS_MS = [0, 8, 128] as const;

/**
 * Calls `onCommit` when another process committed, within milliseconds and without a busy poll.
 *
 * The kernel tells of a write to the `-wal` file in the state folder, which happens just before the
 * commit becomes visible; so each event starts a short burst of looks instead of one. The folder is
 * watched and not the file, because the file is unlinked and made anew when the last connection
 * closes. The database is never opened here: closing any descriptor of it would drop SQLite's
 * locks.
 *
 * @param changed a cheap look whether another connection committed since the last look; called only
 *   after a write was seen.
 * @returns a function that ends it. Where the folder cannot be watched (no inotify left, an odd
 *   file system) nothing is ever called, and the caller's slow poll is what remains.
 */
export function watchCommits(
  dir: string,
  changed: () => boolean,
  onCommit: () => void,
): () => void {
  let burst: NodeJS.Timeout | null = null;
  let first: NodeJS.Immediate | null = null;
  let stopped = false;

  const look = (moments: readonly number[], step: number): void => {
    burst = null;
    first = null;
    if (changed()) {
      onCommit();
      // No reason to stop looking: a log that begins anew is a change as well, and the commit that
      // began it becomes visible only after it.
      if (moments !== AFTERWARDS_MS) [moments, step] = [AFTERWARDS_MS, 0];
    }
    if (stopped) return;
    const next = moments[step + 1];
    if (next !== undefined) {
      burst = setTimeout(look, next - (moments[step] ?? 0), moments, step + 1);
    }
  };

  const forget = (): void => {
    if (burst !== null) clearTimeout(burst);
    if (first !== null) clearImmediate(first);
  };

  const watcher = openWatcher(dir, (file) => {
    if (file !== WAL_FILE) return;
    forget();
    // Not a timer, which would be a millisecond late: the commit may be visible already.
    first = setImmediate(look, BURST_MS, 0);
  });

  return () => {
    stopped = true;
    forget();
    watcher?.close();
  };
}

function openWatcher(dir: string, onWrite: (file: string | null) => void): FSWatcher | null {
  try {
    const watcher = watch(dir, { persistent: false }, (_event, file) => onWrite(file));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
