import { expect, test } from 'vitest';
import { orphanKiller } from './kill-orphan.ts';

const REF = { pid: 7, startTicks: 1, bootId: 'b', pidNamespace: 'n' };

function killer(...states: ('alive' | 'dead' | 'other' | 'unknown')[]) {
  const seen = { looks: 0, signals: 0 };
  const kill = orphanKiller({
    liveness: () => states[Math.min(seen.looks++, states.length - 1)]!,
    signal: () => {
      seen.signals++;
      return true as never;
    },
  });
  return { kill, seen };
}

test('a child that dies of it is waited for, one that is gone already is not signalled', async () => {
  const dying = killer('alive', 'alive', 'dead');
  expect(await dying.kill(REF)).toBe(true);
  expect(dying.seen.signals).toBe(2);
  const other = killer('other');
  expect(await other.kill(REF)).toBe(true);
  expect(other.seen.signals).toBe(0);
  expect(await killer('unknown').kill(REF)).toBe(false);
});

test('one that cannot be killed costs one wait, and then a look at each pass', async () => {
  const { kill, seen } = killer('alive');
  expect(await kill(REF)).toBe(false);
  const first = seen.looks;
  expect(first).toBeGreaterThan(5);
  expect(await kill(REF)).toBe(false);
  expect(await kill(REF)).toBe(false);
  expect(seen.looks).toBe(first + 2);
  // Another process under the same number is another child.
  expect(await kill({ ...REF, startTicks: 2 })).toBe(false);
  expect(seen.looks).toBe(2 * first + 2);
});
