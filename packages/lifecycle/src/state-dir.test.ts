import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { spawnNode, tempDir } from '@nightshift/support';
import { environmentOf } from './environment.ts';
import { createStateDir, stateDir, stateDirToBe } from './state-dir.ts';

const nothing = environmentOf({});

test('the flag wins over the environment, that over what was registered, that over the folder', () => {
  const dir = tempDir();
  const environment = environmentOf({ NIGHTSHIFT_STATE_DIR: join(dir, 'b') });
  const request = { cwd: dir, configDir: join(dir, 'config'), create: true };
  expect(stateDir({ ...request, environment, flag: 'a' }).dir).toBe(join(dir, 'a'));
  expect(stateDir({ ...request, environment }).dir).toBe(join(dir, 'b'));
  const registered = join(dir, 'c');
  expect(stateDir({ ...request, environment, registered }).dir).toBe(join(dir, 'b'));
  expect(stateDir({ ...request, environment: nothing, registered }).dir).toBe(registered);
  const { dir: besides } = stateDir({ ...request, environment: nothing });
  expect(besides).toBe(join(dir, 'config', '.nightshift'));
});

test('a state folder is for one user, with its folders', () => {
  const dir = tempDir();
  const paths = stateDir({ cwd: dir, configDir: dir, environment: nothing, create: true });
  expect(statSync(paths.dir).mode & 0o777).toBe(0o700);
  expect([paths.logs, paths.reports, paths.scratch].every((it) => existsSync(it))).toBe(true);
});

test('one that is missing is not created unless asked, and says so', () => {
  const dir = tempDir();
  const request = { cwd: dir, configDir: dir, environment: nothing, create: false };
  expect(() => stateDir(request)).toThrow(
    expect.objectContaining({ code: 'state-dir-missing', exitCode: 78 }),
  );
  expect(existsSync(join(dir, '.nightshift'))).toBe(false);
});

test('a file in its place is refused, with and without creating', () => {
  const dir = tempDir();
  writeFileSync(join(dir, '.nightshift'), '');
  for (const create of [true, false]) {
    const request = { cwd: dir, configDir: dir, environment: nothing, create };
    expect(() => stateDir(request)).toThrow(
      expect.objectContaining({ code: 'state-dir-unusable' }),
    );
  }
});

test('one that is to be is not made before it is asked for, and a file in its place is refused', () => {
  const dir = tempDir();
  const request = { cwd: dir, configDir: dir, environment: nothing };
  const paths = stateDirToBe(request);
  expect(existsSync(paths.dir)).toBe(false);
  createStateDir(paths);
  expect(stateDir({ ...request, create: false })).toEqual(paths);
  writeFileSync(join(dir, 'file'), '');
  expect(() => stateDirToBe({ ...request, flag: 'file' })).toThrow(
    expect.objectContaining({ code: 'state-dir-unusable', exitCode: 78 }),
  );
});

test('a folder of another user is refused with whose it is', async () => {
  const parent = tempDir();
  const dir = join(parent, 'state');
  mkdirSync(dir, { mode: 0o000 });
  chmodSync(parent, 0o755);
  const { code, stdout } = await asNobody(`
    import { environmentOf } from './environment.ts';
    import { stateDir } from './state-dir.ts';
    if (process.getuid() === 0) process.setuid(65534);
    try {
      stateDir({ flag: ${JSON.stringify(dir)}, cwd: '/', configDir: '/', environment: environmentOf({}), create: false });
    } catch (error) {
      console.log(error.code, error.exitCode, error.message, error.fix);
    }`);
  expect({ code, stdout: stdout.trim() }).toEqual({
    code: 0,
    stdout:
      `state-dir-unusable 78 the state folder may not be read by this user; ` +
      `it is of user ${statSync(dir).uid} run it as the user of the services, such as with sudo -u`,
  });
});

/** Runs a module of this folder in a process of its own, which may give up being root. */
async function asNobody(script: string): Promise<{ code: number | null; stdout: string }> {
  const child = spawnNode(['--input-type=module', '-e', script], { cwd: import.meta.dirname });
  const { code } = await child.exited;
  return { code, stdout: child.stdout };
}
