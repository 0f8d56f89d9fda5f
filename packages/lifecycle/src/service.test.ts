import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '@nightshift/domain';
import { openStore, type Store } from '@nightshift/store';
import {
  onCleanup,
  repoRoot,
  spawnNode,
  tempDir,
  waitUntil,
  type Child,
} from '@nightshift/support';
import { serviceFlags } from './flags.ts';
import { logPath } from './log-file.ts';
import { systemProcesses } from './process-identity.ts';
import { stopFile } from './stop-file.ts';

const PROGRAM = join(import.meta.dirname, '../fixtures/service.ts');
const ACTOR = { kind: 'person', name: 'ops' } as const;

let dir: string;
let store: Store;

beforeEach(async () => {
  dir = tempDir();
  store = await openStore({ stateDir: dir, clock: systemClock, mode: 'create' });
  onCleanup(() => store.close());
});

function config(text: string): string {
  const file = join(dir, 'nightshift.config.ts');
  writeFileSync(file, text);
  return file;
}

const QUICK = `export default { agents: {}, times: { beat: '50ms', drain: '300ms' } };`;

function start(fixture = '', env: Record<string, string> = {}): Child {
  const args = ['--config', join(dir, 'nightshift.config.ts'), '--state-dir', dir];
  if (!existsSync(args[1]!)) config(QUICK);
  return spawnNode([...serviceFlags('worker'), PROGRAM, ...args], {
    cwd: dir,
    env: {
      // Kept between runs: most of a start is stripping types.
      NODE_COMPILE_CACHE: join(repoRoot, 'node_modules/.cache/test-compile'),
      FIXTURE: fixture,
      FIXTURE_SECRET: 'swordfish-7',
      ...env,
    },
  });
}

async function current(service: 'worker' | 'watchdog' = 'worker') {
  return (await store.instances.current()).find((it) => it.service === service);
}

describe('a service', () => {
  test('writes down who it is, beats, and says goodbye when it is asked to end', async () => {
    const child = start();
    await child.prints('pass');
    const first = (await current())!;
    expect(first).toMatchObject({ pid: child.pid, stoppedAt: null });
    expect(systemProcesses().liveness(first)).toBe('alive');
    await waitUntil(async () => (await current())!.loopSeq > first.loopSeq, { what: 'a beat' });
    child.kill('SIGTERM');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.stdout).toContain('stopping');
    const last = (await current())!;
    expect(last).toMatchObject({ id: first.id, phase: 'stopped' });
    expect(last.stoppedAt).not.toBeNull();
  });

  test('logs no secret', async () => {
    const child = start();
    await child.prints('pass');
    child.kill('SIGINT');
    expect((await child.exited).code).toBe(0);
    const log = readFileSync(logPath(join(dir, 'logs'), 'worker'), 'utf8');
    expect(log).toContain('"event":"fixture-started"');
    expect(log).toContain('"event":"stopped"');
    expect(log).not.toContain('swordfish');
    expect(child.stderr).toBe('');
  });

  test('whose work does not end is cut after the drain time, beating meanwhile', async () => {
    const child = start('slow-stop');
    await child.prints('pass');
    child.kill('SIGTERM');
    await waitUntil(async () => (await current())!.phase === 'draining', { what: 'draining' });
    expect(await child.exited).toEqual({ code: 1, signal: null });
    const log = readFileSync(logPath(join(dir, 'logs'), 'worker'), 'utf8');
    expect(log).toContain('"event":"drain-cut"');
  });

  test('ends at once at the second signal', async () => {
    config(`export default { agents: {}, times: { beat: '50ms', drain: '40s' } };`);
    const child = start('slow-stop');
    await child.prints('pass');
    child.kill('SIGTERM');
    await child.prints('stopping');
    child.kill('SIGINT');
    expect(await child.exited).toEqual({ code: 1, signal: null });
  });

  test('does not hear TERM with a blocked loop, nor beat', async () => {
    const child = start('wedge');
    await child.prints('pass');
    const before = (await current())!;
    child.kill('SIGTERM');
    await waitUntil(() => systemClock.now() - before.beatAt > 500, { what: 'half a second' });
    expect((await current())!.loopSeq).toBe(before.loopSeq);
    expect(systemProcesses().liveness(before)).toBe('alive');
    child.kill('SIGKILL');
    expect((await child.exited).signal).toBe('SIGKILL');
  });

  test('ends with 1 and a sentence when its work has a bug', async () => {
    const child = start('bug');
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.stderr).toContain('a bug');
    expect(child.stderr).not.toContain('    at ');
    expect(child.stdout).toContain('stopping');
  });

  test('halts within a second by row and by file, stays up, and goes on by itself', async () => {
    const child = start();
    await child.prints('pass');
    const phase = async () => (await current())!.phase;
    await store.control.halt('wrong numbers', ACTOR);
    await waitUntil(async () => (await phase()) === 'halted', { what: 'halted', timeoutMs: 1_000 });
    expect(child.stdout).toContain('halting');
    const file = stopFile(join(dir, 'STOP'));
    file.write({ reason: 'r', who: 'ops', at: 0 });
    await store.control.resume(ACTOR);
    const seq = (await current())!.loopSeq;
    await waitUntil(async () => (await current())!.loopSeq > seq + 2, { what: 'beats' });
    expect(await phase()).toBe('halted');
    file.remove();
    await waitUntil(async () => (await phase()) === 'idle', { what: 'resumed', timeoutMs: 1_000 });
    child.kill();
    expect((await child.exited).code).toBe(0);
  });
});

describe('a boot is refused with 78 and a sentence', () => {
  test.each([
    ['a broken configuration', 'config-invalid', `export default { agents: { a: {} } };`, {}],
    ['a preload in NODE_OPTIONS', 'node-options-unsafe', QUICK, { NODE_OPTIONS: '--inspect=0' }],
    ['a secret that is set nowhere', 'secret-missing', QUICK, { FIXTURE_SECRET: '' }],
  ])('for %s', async (_what, code, text, env) => {
    config(text);
    const child = start('', env);
    expect(await child.exited).toEqual({ code: 78, signal: null });
    expect(child.stderr).toContain(`nightshift: ${code}: `);
    expect(child.stderr).not.toContain('    at file:');
  });

  test('for a state folder that is not there', async () => {
    const child = spawnNode([PROGRAM, '--state-dir', join(dir, 'none')], { cwd: dir });
    expect(await child.exited).toEqual({ code: 78, signal: null });
    expect(child.stderr).toContain('nightshift: state-dir-missing: ');
  });

  test('for an unknown option', async () => {
    const child = spawnNode([PROGRAM, '--state-dri', dir], { cwd: dir });
    expect(await child.exited).toEqual({ code: 78, signal: null });
    expect(child.stderr).toContain("Unknown option '--state-dri'");
  });
});

describe('the watchdog', () => {
  test('comes up on its last good settings, and says so', async () => {
    const first = start('resilient');
    await first.prints('pass');
    first.kill();
    await first.exited;
    config('export default { agents: { a: {} } };');
    const second = start('resilient');
    await second.prints('started NightshiftError');
    await second.prints('pass');
    second.kill();
    expect((await second.exited).code).toBe(0);
  });

  test('comes up without a database, and signs in when there is one', async () => {
    store.close();
    for (const name of ['nightshift.db', 'nightshift.db-wal', 'nightshift.db-shm']) {
      rmSync(join(dir, name), { force: true });
    }
    const marker = readFileSync(join(dir, 'state.json'));
    const child = start('resilient');
    await child.prints('pass');
    expect(child.stdout).toMatch(/started +NightshiftError/);
    expect(existsSync(join(dir, 'nightshift.db'))).toBe(false);
    rmSync(join(dir, 'state.json'));
    store = await openStore({ stateDir: dir, clock: systemClock, mode: 'create' });
    expect(marker.length).toBeGreaterThan(0);
    const row = await waitUntil(() => current('watchdog'), { what: 'its row' });
    expect(row.pid).toBe(child.pid);
    child.kill();
    expect((await child.exited).code).toBe(0);
  });
});
