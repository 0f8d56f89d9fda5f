import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitedProcess, spawnNode } from './child.ts';
import { isAlive } from './process-table.ts';
import { tempDir } from './temp-dir.ts';
import { closeScope, openScope, testScope } from './test-scope.ts';

test('output, input and exit code of a process are captured', async () => {
  const child = spawnNode(['-e', 'process.stdin.pipe(process.stdout); process.exitCode = 7'], {
    input: 'hello',
  });
  expect(await child.exited).toEqual({ code: 7, signal: null });
  expect(child.stdout).toBe('hello');
});

test('a process is signalled by its pid, and says how it ended', async () => {
  const child = spawnNode(['-e', 'console.log("up"); setInterval(() => {}, 1000)']);
  await child.prints('up');
  expect(child.kill('SIGTERM')).toBe(true);
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
  expect(child.kill()).toBe(false);
});

test('output that never comes fails with what was printed instead', async () => {
  const child = spawnNode(['-e', 'console.error("no such file")']);
  await child.exited;
  await expect(child.prints('ready', 30)).rejects.toThrow('no such file');
});

test('a finished process belongs to nobody', async () => {
  expect(isAlive(await exitedProcess())).toBe(false);
});

test('the end of a scope kills its processes with their children and removes its folders', async () => {
  const child = spawnNode(['-e', LAUNCHER + '; setInterval(() => {}, 1000)']);
  await child.prints(/started \d+/);
  const grandchild = Number(/started (\d+)/.exec(child.stdout)?.[1]);
  const dir = tempDir('gone');
  writeFileSync(join(dir, 'file'), '');
  await closeScope(testScope());
  expect([isAlive(child.pid), isAlive(grandchild), existsSync(dir)]).toEqual([false, false, false]);
});

test('a process that outlives its parent fails the test that started it', async () => {
  const scope = openScope();
  scope.dirs.push(tempDir('left'));
  const child = spawnNode(['-e', LAUNCHER + '; process.exit()'], { cwd: scope.dirs[0]! });
  await child.exited;
  await expect(closeScope(scope)).rejects.toThrow(/left behind by this test:\n {2}\d+ .*node/);
});

/** Starts a process of its own session, so that no signal to a group reaches it. */
const LAUNCHER = `
  const { spawn } = require('node:child_process');
  const idle = ['-e', 'setInterval(() => {}, 1000)'];
  const grandchild = spawn(process.execPath, idle, { detached: true, stdio: 'ignore' });
  console.log('started ' + grandchild.pid);
  grandchild.unref()`;
