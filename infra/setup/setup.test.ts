import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitedProcess, repoRoot, spawnNode, tempDir } from '@nightshift/support';
import type { Child } from '@nightshift/support';

const here = join(repoRoot, 'infra/setup');

/** Runs a few lines of JavaScript with one module of this folder as `it`. */
function script(module: string, body: string, ...args: string[]): Child {
  const url = JSON.stringify(`file://${here}/${module}`);
  const code = `const it = await import(${url}); ${body}`;
  return spawnNode(['--input-type=module', '-e', code, ...args]);
}

test.each([
  [
    'node: error while loading shared libraries: libatomic.so.1: cannot open shared object file',
    'needs the system library libatomic.so.1',
    'apt-get install libatomic1',
    78,
  ],
  ['spawn npx ENOENT', 'npx was not found', 'install npm', 78],
  ['request failed, reason: getaddrinfo ENOTFOUND', 'cannot be reached', 'check the network', 75],
  ["EACCES: permission denied, mkdir 'node_modules'", 'no permission', 'owner of this folder', 78],
  ['ERR_PNPM_OUTDATED_LOCKFILE  Cannot install', 'does not match', 'npx pnpm install', 1],
  ['write ENOSPC: no space left', 'the disk is full', 'free about', 75],
  ['first line\nsecond line', 'the installer failed', 'npx pnpm install', 1],
])('an installer that prints %j is explained', async (output, what, fix, exitCode) => {
  const body = 'process.exitCode = it.printError(it.explain(process.argv[1]));';
  const child = script('failure.mjs', body, output);
  expect(await child.exited).toEqual({ code: exitCode, signal: null });
  expect(child.stderr).toMatch(/^nightshift: setup: .+\n {2}fix: .+\n$/);
  expect(child.stderr).toContain(what);
  expect(child.stderr).toContain(fix);
});

test('of several installers at once one works at a time, also when a dead one left its lock', async () => {
  const dir = tempDir('lock');
  const [lock, log] = [join(dir, 'lock'), join(dir, 'log')];
  writeFileSync(lock, String(await exitedProcess()));
  const body = `
    const fs = await import('node:fs');
    const note = (what) => fs.appendFileSync(process.argv[2], what + process.pid + '\\n');
    await it.withLock(process.argv[1], async () => {
      note('in ');
      await new Promise((resolve) => setTimeout(resolve, 20));
      note('out ');
    });`;
  const children = Array.from({ length: 5 }, () => script('lock.mjs', body, lock, log));
  for (const child of children) expect(await child.exited).toEqual({ code: 0, signal: null });
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  expect(lines).toHaveLength(10);
  for (let at = 0; at < lines.length; at += 2) {
    expect(lines[at + 1]).toBe(lines[at]?.replace('in', 'out'));
  }
});

test('the fingerprint follows every manifest, the lock file and the workspace file', async () => {
  const dir = tempDir('fingerprint');
  mkdirSync(join(dir, 'packages/a'), { recursive: true });
  mkdirSync(join(dir, 'test/fakes'), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
  write('package.json', '{ "packageManager": "pnpm@1.2.3" }');
  write('pnpm-workspace.yaml', "packages:\n  - 'packages/*'\n  - test/fakes\n\ncatalog:\n  x: 1\n");
  write('pnpm-lock.yaml', 'lock: 1\n');
  write('packages/a/package.json', '{}');
  write('test/fakes/package.json', '{}');
  const read = async (): Promise<string> => {
    const child = script('fingerprint.mjs', 'console.log(it.fingerprint(process.argv[1]))', dir);
    await child.exited;
    return child.stdout;
  };
  const seen = [await read(), await read()];
  expect(seen[0]).toMatch(/^[0-9a-f]{64}\n$/);
  expect(seen[1]).toBe(seen[0]);
  for (const name of ['packages/a/package.json', 'test/fakes/package.json', 'pnpm-lock.yaml']) {
    write(name, '{ "changed": true }');
    seen.push(await read());
  }
  expect(new Set(seen).size).toBe(4);
});

test('the command that was started decides the exit code', async () => {
  const body = `await it.handOver(process.execPath, ['-e', 'process.exit(7)']);`;
  expect(await script('hand-over.mjs', body).exited).toEqual({ code: 7, signal: null });
});

test('a signal is passed on, and what the command died of is kept', async () => {
  const idle = 'console.log("up"); setInterval(() => {}, 1000)';
  const body = `await it.handOver(process.execPath, ['-e', ${JSON.stringify(idle)}]);`;
  const child = script('hand-over.mjs', body);
  await child.prints('up');
  child.kill('SIGTERM');
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
});

const report = (passed: number, failed: number, success = failed === 0): string =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 0,
    numTodoTests: 0,
    success,
  });

test.each([
  ['two good runs', [report(3, 0), report(4, 0)], 0, '7 passed, 0 failed', 0],
  ['a failed test', [report(3, 1)], 1, '3 passed, 1 failed', 1],
  ['a step that failed before any test', [report(3, 0)], 1, '3 passed, 1 failed', 1],
  ['a run that broke without a failed test', [report(3, 0, false)], 1, '3 passed, 1 failed', 1],
  ['no report at all', [], 1, '0 passed, 1 failed', 1],
])('the last line adds up %s', async (_case, reports, failedSteps, line, code) => {
  const dir = tempDir('summary');
  for (const [at, text] of reports.entries()) writeFileSync(join(dir, `${at}.json`), text);
  const child = spawnNode([join(here, 'summary.mjs'), dir, String(failedSteps)]);
  expect(await child.exited).toEqual({ code, signal: null });
  expect(child.stdout.trimEnd().split('\n').at(-1)).toBe(line);
});

test('a command that does not exist is a usage error, found before anything is installed', async () => {
  const dir = tempDir('clone');
  cpSync(here, join(dir, 'infra/setup'), { recursive: true });
  const child = spawnNode([join(dir, 'infra/setup/run.mjs'), 'strat']);
  expect(await child.exited).toEqual({ code: 64, signal: null });
  expect(child.stderr).toContain('there is no command "strat"');
  expect(child.stderr).not.toContain('Installing');
});
