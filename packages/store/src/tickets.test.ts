import { expect, test } from 'vitest';
import { claimed, enqueued, openWorld, PERSON } from '../test/world.ts';
import type { Store } from './index.ts';
import { sweepTickets, ticketHandle } from './tickets.ts';

const tickets = (store: Store): string[] =>
  ticketHandle(store)
    .prepare('SELECT idempotencyKey FROM tasks ORDER BY id')
    .pluck()
    .all() as string[];

const NOTHING = { removed: 0, added: 0, revived: 0 };

test('a ticket is there exactly while its job is runnable and its agent not paused', async () => {
  const world = await openWorld();
  const { store, clock } = world;
  const now = await enqueued(world, 'now');
  const later = await enqueued(world, 'later', { runAfter: clock.now() + 10 });
  expect(tickets(store)).toEqual([now.id]);
  clock.advance(10);
  await store.jobs.promote(1e9, 10);
  expect(tickets(store)).toEqual([now.id, later.id]);
  const fence = await claimed(world, now.id);
  expect(tickets(store)).toEqual([later.id]);
  await store.jobs.settle(fence, { kind: 'returned', reason: 'drain' });
  expect(tickets(store)).toEqual([later.id, now.id]);
  await store.control.pauseAgent('digest', PERSON);
  expect(tickets(store)).toEqual([]);
  await enqueued(world, 'while-paused');
  expect(tickets(store)).toEqual([]);
  await store.control.resumeAgent('digest', PERSON);
  expect(tickets(store)).toHaveLength(3);
  await store.jobs.cancel(later.id, PERSON);
  expect(tickets(store)).toHaveLength(2);
  expect(await sweepTickets(store)).toEqual(NOTHING);
});

test('a sweep repairs both directions, says so, and leaves a taken ticket alone', async () => {
  const world = await openWorld();
  const { store } = world;
  const lost = await enqueued(world, 'lost');
  const failed = await enqueued(world, 'failed');
  const taken = await enqueued(world, 'taken');
  const db = ticketHandle(store);
  db.prepare('DELETE FROM tasks WHERE idempotencyKey = ?').run(lost.id);
  db.prepare(`UPDATE tasks SET status = 'failed' WHERE idempotencyKey = ?`).run(failed.id);
  db.prepare(`UPDATE tasks SET status = 'running' WHERE idempotencyKey = ?`).run(taken.id);
  db.exec(`INSERT INTO tasks (queue, payload, createdAt, allocationId, numRunsLeft, maxNumRuns,
             idempotencyKey) VALUES ('digest', '{"jobId":"gone"}', 0, 'a', 1, 1, 'gone')`);
  expect(await sweepTickets(store)).toEqual({ removed: 1, added: 1, revived: 1 });
  expect(tickets(store).toSorted()).toEqual([lost.id, failed.id, taken.id].toSorted());
  const row = db.prepare('SELECT * FROM tasks WHERE idempotencyKey = ?').get(lost.id);
  expect(row).toMatchObject({ queue: 'digest', payload: JSON.stringify({ jobId: lost.id }) });
  expect(await sweepTickets(store)).toEqual(NOTHING);
  const events = await store.events.since(0, 99);
  expect(events.at(-1)).toMatchObject({ kind: 'tickets.repaired', data: { removed: 1, added: 1 } });
});
