import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { EXIT, NightshiftError, systemClock } from '@nightshift/domain';
import { isBusy, toStoreError } from './sqlite-errors.ts';

/** How long a second watchdog waits for the first one to end, ms: a restart takes a few seconds. */
export const LOCK_WAIT_MS = 30_000;
const LOCK_LOOK_MS = 100;

/** The file whose lock says that a watchdog is on duty. */
export const LOCK_FILE = 'watchdog.lock';

/**
 * Locks of this process. A connection that nobody can reach is closed by the garbage collector, and
 * its lock with it; a caller that keeps the lock for its life has no use for what it was given.
 */
const held = new Set<Database.Database>();

/** The right to be the watchdog of a state folder. */
export interface WatchLock {
  release(): void;
}

/**
 * Takes the lock, which is the kernel's and ends with its holder, however that ends: an exclusive
 * transaction that is never committed, on a database with nothing in it.
 *
 * @throws NightshiftError `watchdog-running` (75) when another process still has it after `waitMs`;
 * and what SQLite says of a file that cannot be locked at all (`database-unavailable`, …).
 */
export async function lockWatch(options: {
  readonly stateDir: string;
  readonly waitMs?: number;
}): Promise<WatchLock> {
  const file = join(options.stateDir, LOCK_FILE);
  const until = systemClock.monotonic() + (options.waitMs ?? LOCK_WAIT_MS);
  makeEmpty(file);
  const db = openLock(file);
  for (;;) {
    try {
      db.exec('BEGIN EXCLUSIVE');
      held.add(db);
      return {
        release() {
          held.delete(db);
          db.close();
        },
      };
    } catch (error) {
      if (!isBusy(error) || systemClock.monotonic() >= until) {
        db.close();
        throw isBusy(error) ? taken(file) : toStoreError(error, file);
      }
    }
    await sleep(LOCK_LOOK_MS);
  }
}

function openLock(file: string): Database.Database {
  try {
    return new Database(file, { fileMustExist: true, timeout: 0 });
  } catch (error) {
    throw toStoreError(error, file);
  }
}

/** SQLite would make it readable to everybody. Nothing is opened here that exists. */
function makeEmpty(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw new NightshiftError('database-unavailable', `no lock can be made: ${code ?? 'unknown'}`, {
      at: file,
      cause: error,
    });
  }
}

function taken(file: string): NightshiftError {
  return new NightshiftError('watchdog-running', 'another watchdog is on duty here', {
    at: file,
    fix: 'nightshift status shows it; end it first',
    retryable: true,
    exitCode: EXIT.tryAgain,
  });
}
