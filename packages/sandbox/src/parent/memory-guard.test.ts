import { existsSync, readFileSync } from 'node:fs';
import { onCleanup, spawnNode, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { guardMemory } from './memory-guard.ts';

/** Only Linux has such a score. */
const RAISED = process.platform === 'linux' ? 800 : null;

function score(pid: number): number | null {
  const file = `/proc/${pid}/oom_score_adj`;
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : null;
}

const idle = 'setInterval(() => undefined, 60_000);';

test('a child is what the kernel ends first, and so is what it started before we looked', async () => {
  const start = `require('node:child_process').spawn(process.execPath, ['-e', '${idle}'])`;
  const child = spawnNode(['-e', `const it = ${start}; console.log(it.pid); ${idle}`]);
  await waitUntil(() => child.stdout.endsWith('\n'), { what: 'the pid of the grandchild' });
  const grandchild = Number(child.stdout);
  const before = score(process.pid);
  onCleanup(guardMemory(child.pid, 1_000, () => undefined));
  expect(score(child.pid)).toBe(RAISED);
  await waitUntil(() => score(grandchild) === RAISED, { what: 'the score of the grandchild' });
  expect(score(process.pid)).toBe(before);
});

test('a child that is gone is no trouble', async () => {
  const child = spawnNode(['-e', '']);
  await child.exited;
  let overs = 0;
  const stop = guardMemory(child.pid, 1, () => {
    overs += 1;
  });
  stop();
  expect(overs).toBe(0);
});
