import { expect, test } from 'vitest';
import { enqueued, openWorld, running } from '../../test/world.ts';

const HOUR = 3_600_000;

test('due jobs become runnable in bounded batches, the earliest first', async () => {
  const world = await openWorld();
  const { jobs } = world.store;
  const start = world.clock.now();
  for (const n of [3, 1, 2]) await enqueued(world, `k${n}`, { runAfter: start + n });
  expect(await jobs.promote(HOUR, 2)).toEqual({ promoted: 0, died: 0, nextAt: start + 1 });
  world.clock.advance(10);
  expect(await jobs.promote(HOUR, 2)).toEqual({ promoted: 2, died: 0, nextAt: start + 3 });
  expect(await jobs.counts()).toMatchObject({ queued: 2, waiting: 1 });
  expect(await jobs.promote(HOUR, 2)).toEqual({ promoted: 1, died: 0, nextAt: null });
});

test('a job that waits on a gate for longer than it may is dead, a delayed one is not', async () => {
  const world = await openWorld();
  const { jobs } = world.store;
  const start = world.clock.now();
  const fence = await running(world, 'gated');
  const runAfter = start + 30 * HOUR;
  await jobs.settle(fence, { kind: 'returned', reason: 'cap', waitReason: 'cap', runAfter });
  const delayed = await enqueued(world, 'delayed', { runAfter: start + 40 * HOUR });
  expect((await jobs.promote(24 * HOUR, 10)).nextAt).toBe(start + 24 * HOUR);
  world.clock.advance(24 * HOUR);
  expect(await jobs.promote(24 * HOUR, 10)).toEqual({
    promoted: 0,
    died: 1,
    nextAt: start + 40 * HOUR,
  });
  const dead = await jobs.get(fence.job);
  expect(dead).toMatchObject({ state: 'dead', lastError: { code: 'waited-too-long' } });
  expect(dead?.lastError?.message).toContain('2026-03-01T00:00:00.000Z (cap)');
  expect((await jobs.get(delayed.id))?.state).toBe('queued');
});

test('a job whose window opened while the machine was off gets its try, not its end', async () => {
  const world = await openWorld();
  const { jobs } = world.store;
  const runAfter = world.clock.now() + 10 * HOUR;
  const fence = await running(world, 'gated');
  await jobs.settle(fence, { kind: 'returned', reason: 'cap', waitReason: 'cap', runAfter });
  world.clock.advance(60 * HOUR);
  expect(await jobs.promote(24 * HOUR, 10)).toMatchObject({ promoted: 1, died: 0 });
  expect(await jobs.counts()).toMatchObject({ queued: 1, dead: 0 });
});
