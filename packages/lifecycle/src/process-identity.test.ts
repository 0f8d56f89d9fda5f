import { describe, expect, test } from 'vitest';
import { exitedProcess, spawnNode, spawnProcess, waitUntil } from '@nightshift/support';
import { parseStat } from './process-identity/linux.ts';
import { macosProcesses, parseBootSession, parsePs } from './process-identity/macos.ts';
import { processesOf, systemProcesses, type ProcessSource } from './process-identity.ts';

describe('processes of this machine', () => {
  const processes = systemProcesses();

  test('a running process is alive, and dead after its end', async () => {
    const child = spawnNode(['-e', 'setInterval(() => {}, 1000)']);
    const ref = await waitUntil(() => processes.ref(child.pid), { what: 'the child' });
    expect(processes.liveness(ref)).toBe('alive');
    expect(processes.signal(ref, 'SIGKILL')).toBe('sent');
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(processes.liveness(ref)).toBe('dead');
    expect(processes.signal(ref, 'SIGKILL')).toBe('gone');
  });

  test('a zombie is dead', async () => {
    // The shell starts a child and becomes a sleep, which never asks how the child ended.
    const parent = spawnProcess('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60']);
    await parent.prints('\n');
    const ref = processes.ref(Number(parent.stdout))!;
    expect(ref).not.toBeNull();
    await waitUntil(() => processes.liveness(ref) === 'dead', { what: 'the zombie' });
    expect(processes.ref(ref.pid)).toBeNull();
    expect(processes.signal(ref, 'SIGTERM')).toBe('gone');
    // It still has its pid, or this would not be about zombies.
    expect(process.kill(ref.pid, 0)).toBe(true);
  });

  test('a pid that belongs to another process now is not signalled', () => {
    const child = spawnNode(['-e', 'setInterval(() => {}, 1000)']);
    const ref = processes.ref(child.pid)!;
    const earlier = { ...ref, startTicks: ref.startTicks - 1 };
    expect(processes.liveness(earlier)).toBe('other');
    expect(processes.signal(earlier, 'SIGKILL')).toBe('refused');
    expect(processes.liveness(ref)).toBe('alive');
  });

  test('a row from before a reboot is dead, one from another namespace is unknown', () => {
    const ref = processes.ref(process.pid)!;
    expect(processes.liveness({ ...ref, bootId: 'another' })).toBe('dead');
    expect(processes.liveness({ ...ref, pidNamespace: 'another' })).toBe('unknown');
    expect(processes.signal({ ...ref, pidNamespace: 'another' }, 'SIGKILL')).toBe('refused');
  });

  test('a pid of nobody has no name', async () => {
    expect(processes.ref(await exitedProcess())).toBeNull();
  });

  test.each([0, 1, -1, 1.5, Number.NaN])('pid %d is never judged', (pid) => {
    const ref = { ...processes.ref(process.pid)!, pid };
    expect(processes.liveness(ref)).toBe('unknown');
    expect(processes.signal(ref, 'SIGTERM')).toBe('refused');
  });
});

test('where the system hides its identity nothing can be proven', () => {
  const hidden: ProcessSource = { host: () => null, look: () => 'unknown' };
  const processes = processesOf(hidden, () => expect.unreachable('a signal was sent'));
  expect(processes.ref(process.pid)).toBeNull();
  const ref = { pid: 4_242, startTicks: 1, bootId: 'b', pidNamespace: 'n' };
  expect(processes.signal(ref, 'SIGKILL')).toBe('refused');
});

test.each([
  ['EPERM', 'refused'],
  ['ESRCH', 'gone'],
])('a signal that fails with %s is %s', (code, outcome) => {
  const source: ProcessSource = {
    host: () => ({ bootId: 'b', pidNamespace: 'n' }),
    look: () => ({ startTicks: 1, zombie: false, stopped: false }),
  };
  const processes = processesOf(source, () => {
    throw Object.assign(new Error(code), { code });
  });
  const ref = { pid: 4_242, startTicks: 1, bootId: 'b', pidNamespace: 'n' };
  expect(processes.signal(ref, 'SIGTERM')).toBe(outcome);
});

describe('/proc/PID/stat', () => {
  const tail = `1 1 1 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 11 0 987654 1000 300`;

  test('is read after the last parenthesis, whatever the name holds', () => {
    expect(parseStat(`42 (node) S ${tail}`)).toEqual({
      startTicks: 987_654,
      zombie: false,
      stopped: false,
    });
    expect(parseStat(`42 (a) R 1 (b) ) Z ${tail}`)).toEqual({
      startTicks: 987_654,
      zombie: true,
      stopped: false,
    });
  });

  test.each(['', '42', '42 (node) S 1 2 3', `42 (node) 1 ${tail}`])('%j is not one', (line) => {
    expect(parseStat(line)).toBeNull();
  });
});

describe('macOS', () => {
  test('a line of ps gives start and state', () => {
    const start = Date.UTC(2026, 10, 2, 8, 3, 10) / 1_000;
    expect(parsePs('Ss   Mon Nov  2 08:03:10 2026    \n')).toEqual({
      startTicks: start,
      zombie: false,
      stopped: false,
    });
    expect(parsePs('Z    Mon Nov 22 08:03:10 2026')).toMatchObject({ zombie: true });
    expect(parsePs('ps: invalid')).toBeNull();
  });

  test('the boot session is a UUID', () => {
    const id = '0D5D4C3B-6E0F-4A5B-9B3E-2C7F1F0A9D11';
    expect(parseBootSession(`${id}\n`)).toBe(id);
    expect(parseBootSession('unknown oid')).toBeNull();
  });

  test('no line from ps is proof that there is no process; no answer is none', () => {
    const answer = (code: number | null, stdout = '') =>
      macosProcesses(() => ({ code, stdout })).look(42);
    expect([answer(1), answer(null), answer(0, 'odd')]).toEqual(['none', 'unknown', 'unknown']);
  });
});
