import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testScope } from './test-scope.ts';

/**
 * An empty folder that is removed when the current test is over, after its processes are gone.
 * Call it inside a test or `beforeEach`. The path is real (no symlink in it).
 */
export function tempDir(name = 'test'): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), `nightshift-${name}-`)));
  testScope().dirs.push(dir);
  return dir;
}
