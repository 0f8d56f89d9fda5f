import { spawn } from 'node:child_process';
import { systemClock } from '@nightshift/domain';
import { isAlive, onCleanup, tempDir, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { GOOD_LIFE_MS, decideRestart } from './restart-policy.ts';
import { Supervisor } from './supervisor.ts';

const STAYS = 'setInterval(() => {}, 1000)';
const DEAF = `process.on('SIGTERM', () => {}); console.log('ready'); ${STAYS}`;

test('restarts wait longer and longer, up to half a minute', () => {
  const end = { code: 1, signal: null, livedMs: 10 };
  const delays = [0, 1, 2, 5, 20].map((failures) => decideRestart(end, failures));
  expect(delays.map((it) => it.kind === 'restart' && it.delayMs)).toEqual([
    500, 1_000, 2_000, 16_000, 30_000,
  ]);
});

test('a long life makes the next failure the first again', () => {
  const end = { code: null, signal: 'SIGKILL' as const, livedMs: GOOD_LIFE_MS };
  expect(decideRestart(end, 9)).toEqual({ kind: 'restart', failures: 1, delayMs: 500 });
});

test('a service that is killed is started again; after a stop nothing is left', async () => {
  const pids: number[] = [];
  const supervisor = supervise(STAYS, { started: (_, pid) => void pids.push(pid) });
  await waitUntil(() => pids.length === 1, { what: 'the first life' });
  process.kill(pids[0]!, 'SIGKILL');
  await waitUntil(() => pids.length === 2, { what: 'the second life' });
  await supervisor.stop();
  expect(await supervisor.over).toBe('stopped');
  expect(pids.filter(isAlive)).toEqual([]);
});

test('a service that says 78 is not started again, and that is said', async () => {
  const ends: (number | null)[] = [];
  const said: string[] = [];
  const supervisor = supervise('console.error("bad configuration"); process.exit(78)', {
    ended: (_, end, restartInMs) => void ends.push(end.code, restartInMs),
    said: (_, line) => void said.push(line),
  });
  expect(await supervisor.over).toBe('gave-up');
  expect(ends).toEqual([78, null]);
  expect(said).toEqual(['bad configuration']);
});

test('a service that does not hear SIGTERM is killed at the stop time', async () => {
  const ends: (string | null)[] = [];
  const supervisor = supervise(DEAF, { ended: (_, end) => void ends.push(end.signal) }, 200);
  await waitUntil(() => ready.has(supervisor), { what: 'its listener' });
  await supervisor.stop();
  expect(ends).toEqual(['SIGKILL']);
});

const ready = new WeakSet<Supervisor>();

function supervise(
  script: string,
  events: ConstructorParameters<typeof Supervisor>[0]['events'] & object,
  stopMs = 5_000,
): Supervisor {
  const cwd = tempDir('supervisor');
  const supervisor: Supervisor = new Supervisor({
    clock: systemClock,
    services: ['worker'],
    stopMs,
    events,
    start() {
      const child = spawn(process.execPath, ['-e', script], { cwd });
      child.stdout.once('data', () => ready.add(supervisor));
      return child;
    },
  });
  onCleanup(() => supervisor.stop());
  supervisor.start();
  return supervisor;
}
