import { utimesSync } from 'node:fs';
import type { Clock } from '@nightshift/domain';
import type { Connection } from './connection.ts';

/**
 * Tells who watches the state folder that a commit is visible now, by touching the log's times. The
 * writes that the kernel tells of by itself come before the commit is on the disk, when it is too
 * early to look, and nothing of SQLite's comes after it. By name, because no file of the database
 * may be opened here: closing it would drop SQLite's locks.
 */
export function announceCommit({ file }: Connection, clock: Clock): void {
  const now = clock.now() / 1_000;
  try {
    utimesSync(`${file}-wal`, now, now);
  } catch {
    // Who watches looks again by itself, only later.
  }
}
