import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A holder is believed for this long; the slowest installation seen took two minutes. */
const STALE_MS = 15 * 60 * 1000;
const LOOK_EVERY_MS = 200;

/** Runs `work` while no other process that uses the same lock file does. */
export async function withLock(file, work) {
  await acquire(file);
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

async function acquire(file) {
  for (let told = false; ;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (breakIfStale(file)) continue;
    if (!told) process.stderr.write('Waiting for another installation in this folder ...\n');
    told = true;
    await pause(LOOK_EVERY_MS);
  }
}

/**
 * Moves a lock out of the way whose holder is gone. The move is atomic, so only one of several
 * waiting processes does it; a lock that turned out to be a new one is put back.
 */
function breakIfStale(file) {
  const holder = holderOf(file);
  if (holder === undefined) return true;
  if (!isStale(holder)) return false;
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return true;
  }
  const moved = holderOf(aside);
  if (moved !== undefined && !isStale(moved)) putBack(aside, file);
  rmSync(aside, { force: true });
  return true;
}

function putBack(aside, file) {
  try {
    linkSync(aside, file);
  } catch {
    // A third process took the lock in between; it will find the installation done.
  }
}

function holderOf(file) {
  try {
    return { pid: Number(readFileSync(file, 'utf8')), since: statSync(file).mtimeMs };
  } catch {
    return undefined;
  }
}

function isStale({ pid, since }) {
  const age = Date.now() - since;
  // A file without a pid is one that is being written, or whose writer died in that moment.
  if (!Number.isInteger(pid) || pid <= 0) return age > 5000;
  return age > STALE_MS || !isAlive(pid);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
