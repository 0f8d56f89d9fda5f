import { accessSync, constants, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testScope } from './test-scope.ts';

/** Memory that looks like a disk, on Linux. */
const MEMORY = '/dev/shm';

/**
 * An empty folder that is removed when the current test is over, after its processes are gone.
 * Call it inside a test or `beforeEach`. The path is real (no symlink in it).
 */
export function tempDir(name = 'test'): string {
  return makeDir(tmpdir(), name);
}

/**
 * {@link tempDir} in memory where the machine has such a place: a database there costs no waiting
 * for a disk. For tests whose subject is not what the disk remembers.
 */
export function memoryDir(name = 'test'): string {
  return makeDir(hasMemory() ? MEMORY : tmpdir(), name);
}

function makeDir(parent: string, name: string): string {
  const dir = realpathSync(mkdtempSync(join(parent, `nightshift-${name}-`)));
  testScope().dirs.push(dir);
  return dir;
}

function hasMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
