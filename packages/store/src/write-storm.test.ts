import { spawnNode } from '@nightshift/support';
import { expect, test } from 'vitest';
import { sql } from '../test/money.ts';
import { enqueued, openWorld } from '../test/world.ts';

const OPENER = new URL('../test/fixtures/open.ts', import.meta.url).pathname;

test('while a reader holds the log, processes write at once: none dies, and the log is bounded again', async () => {
  const world = await openWorld();
  const other = await world.other();
  const reader = sql({ ...world, store: other });
  reader.run('BEGIN');
  reader.one('SELECT count(*) FROM jobs');
  const writers = Array.from({ length: 3 }, () =>
    spawnNode([OPENER, world.stateDir, 'enqueue', '60']),
  );
  for (let n = 0; n < 60; n++) await enqueued(world, `mine-${n}`, { input: 'x'.repeat(500_000) });
  const exits = await Promise.all(writers.map((it) => it.exited));
  expect(exits.map((it) => it.code)).toEqual([0, 0, 0]);
  const held = await world.store.retention.checkpoint();
  expect(held).toMatchObject({ busy: true });
  expect(held.bytes).toBeGreaterThan(16 * 1024 * 1024);
  reader.run('COMMIT');
  expect(await world.store.retention.checkpoint()).toEqual({ bytes: 0, busy: false });
  expect((await world.store.jobs.counts()).queued).toBe(120);
});
