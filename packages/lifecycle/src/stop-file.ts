import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { sanitise, sanitiseLine } from '@nightshift/domain';

/** What is written into a STOP file. All of it is for people: an empty file halts as well. */
export interface StopNote {
  readonly reason: string;
  readonly who: string;
  /** Epoch ms. */
  readonly at: number;
}

/** The STOP file of one state folder. Works when the database is locked, full or corrupt. */
export interface StopFile {
  readonly path: string;
  /** True when the file is there or cannot be looked at: not knowing counts as halted. */
  isStopped(): boolean;
  /** What it says; null when there is none, it cannot be read, or a person wrote something else. */
  read(): StopNote | null;
  /** Writes it durably: a new file is renamed over, then the folder is synced. @throws Error */
  write(note: StopNote): void;
  /** Removes it durably. No error when there was none. @throws Error */
  remove(): void;
  /**
   * Removes it durably if its reason is this one. One that somebody writes meanwhile stays.
   * @returns whether it was removed. @throws Error
   */
  removeOwn(reason: string): boolean;
}

/** The STOP file at `path`, which {@link statePaths} names. */
export function stopFile(path: string): StopFile {
  return {
    path,
    isStopped: () => isStopped(path),
    read: () => readNote(path),
    write: (note) => writeNote(path, note),
    remove: () => {
      rmSync(path, { force: true });
      syncFolder(dirname(path));
    },
    removeOwn: (reason) => removeOwn(path, reason),
  };
}

function isStopped(path: string): boolean {
  try {
    // lstat: a dangling link called STOP was put there by somebody who meant it.
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

function readNote(path: string): StopNote | null {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as Partial<StopNote>;
    if (typeof note.reason !== 'string' || typeof note.who !== 'string') return null;
    if (!Number.isSafeInteger(note.at)) return null;
    return { reason: sanitise(note.reason), who: sanitiseLine(note.who), at: note.at as number };
  } catch {
    return null;
  }
}

function writeNote(path: string, note: StopNote): void {
  const draft = `${path}.${process.pid}`;
  try {
    const fd = openSync(draft, 'w', 0o600);
    try {
      writeSync(fd, `${JSON.stringify(note)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
  } catch (cause) {
    // No room for the text is no reason not to stop: an empty file needs no block.
    touch(path, cause);
    discard(draft);
  }
  syncFolder(dirname(path));
}

/** Taken out of the way first, so that what is read and what is removed is the same file. */
function removeOwn(path: string, reason: string): boolean {
  if (readNote(path)?.reason !== reason) return false;
  const aside = `${path}.${process.pid}`;
  renameSync(path, aside);
  const own = readNote(aside)?.reason === reason;
  // Somebody else's after all goes back, unless there is a third one already.
  if (!own && !isStopped(path)) renameSync(aside, path);
  else discard(aside);
  syncFolder(dirname(path));
  return own;
}

function touch(path: string, cause: unknown): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch {
    if (!isStopped(path)) throw cause;
  }
}

function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // It stops nothing and nobody reads it.
  }
}

/** A rename or removal is durable once its folder is. */
function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
