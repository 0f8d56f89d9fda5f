import { join } from 'node:path';
import { spawnNode, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { lockWatch } from './watch-lock.ts';

const HOLDER = join(import.meta.dirname, '../test/fixtures/lock-holder.ts');

async function holder(stateDir: string) {
  // It collects its garbage all the time: the lock is kept, whatever the caller kept of it.
  const child = spawnNode(['--expose-gc', HOLDER, stateDir]);
  await child.prints('locked');
  return child;
}

test('one process at a time; the lock ends with its holder, however that ends', async () => {
  const stateDir = tempDir('lock');
  const child = await holder(stateDir);
  await expect(lockWatch({ stateDir, waitMs: 150 })).rejects.toMatchObject({
    code: 'watchdog-running',
    exitCode: 75,
  });
  await expect(lockWatch({ stateDir, waitMs: 300 })).rejects.toMatchObject({ exitCode: 75 });
  // A stopped one is still on duty.
  child.kill('SIGSTOP');
  await expect(lockWatch({ stateDir, waitMs: 0 })).rejects.toMatchObject({ exitCode: 75 });
  const waiting = lockWatch({ stateDir, waitMs: 10_000 });
  child.kill('SIGKILL');
  const lock = await waiting;
  lock.release();
});

test('a folder in which no lock can be made is said', async () => {
  const stateDir = join(tempDir('lock'), 'nowhere');
  await expect(lockWatch({ stateDir, waitMs: 0 })).rejects.toMatchObject({
    code: 'database-unavailable',
  });
});
