import { expect, test } from 'vitest';
import { fixture, tryAgent } from '../../test/try-agent.ts';

test('what the walls stopped is told at once, and a loop of it ever more seldom', async () => {
  const { denials, outcome } = await tryAgent(fixture('walls'), { input: 60 });
  expect(outcome).toEqual({ kind: 'done' });
  const reads = [1, 2, 5, 10, 20, 50].map((count) => ({
    permission: 'FileSystemRead',
    resource: '/etc/hostname',
    count,
  }));
  expect(denials.slice(0, 6)).toEqual(reads);
  expect(denials.slice(6)).toEqual([
    { permission: 'ChildProcess', resource: '/bin/true', count: 1 },
    { permission: 'process.kill', resource: String(process.pid), count: 1 },
    { permission: 'Net', resource: '127.0.0.1', count: 1 },
    { permission: 'module', resource: 'node:sqlite', count: 1 },
    { permission: 'module', resource: 'node:ffi', count: 2 },
  ]);
});

test('work that stays within its walls tells nothing, also of a library', async () => {
  for (const agent of ['hello', 'stock-clients']) {
    const { denials } = await tryAgent(fixture(agent), { input: 'openai' });
    expect(denials).toEqual([]);
  }
});
