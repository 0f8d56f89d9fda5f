import { expect, test } from 'vitest';
import type { Fence, JobState } from '@nightshift/domain';
import { claimed, enqueued, GONE, openWorld, type World } from '../../test/world.ts';
import type { Store } from '../index.ts';
import { connectionOf } from '../store-connection.ts';

const ROUNDS = 2_100;
const FINISHED: readonly JobState[] = ['done', 'dead', 'cancelled'];
type Move = 'settle' | 'take' | 'renew';
const ORDERS: readonly (readonly Move[])[] = [
  ['settle', 'take', 'renew'],
  ['settle', 'renew', 'take'],
  ['take', 'settle', 'renew'],
  ['take', 'renew', 'settle'],
  ['renew', 'settle', 'take'],
  ['renew', 'take', 'settle'],
];

/** The worker finishes and renews in the millisecond in which another takes the job back. */
async function race(mine: Store, theirs: Store, fence: Fence, order: readonly Move[]) {
  const moves: Record<Move, () => Promise<boolean>> = {
    settle: () => mine.jobs.settle(fence, { kind: 'done' }),
    take: () => theirs.jobs.takeBack(fence, GONE, 'expired'),
    renew: () => mine.jobs.renew(fence, Number.MAX_SAFE_INTEGER),
  };
  const won = await Promise.all(order.map(async (it) => ((await moves[it]()) ? it : null)));
  return won.filter((it) => it === 'settle' || it === 'take');
}

/** Nothing here rests on what the disk remembers, and syncing it is most of the time. */
function withoutSync(store: Store): void {
  connectionOf(store).db.pragma('synchronous = OFF');
}

test(`a lease that ends as the job does: ${ROUNDS} times exactly one of them wins`, async () => {
  const world = await openWorld();
  const theirs = await world.other();
  [world.store, theirs].forEach(withoutSync);
  const winners = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await enqueued(world, `k${round}`);
    const fence = await claimed(world, id);
    world.clock.advance(60_000);
    const won = await race(world.store, theirs, fence, ORDERS[round % ORDERS.length]!);
    expect(won).toHaveLength(1);
    winners.add(won.join());
    if (won[0] === 'take') await finishAgain(world, id, fence);
    expect(FINISHED).toContain((await world.store.jobs.get(id))?.state);
  }
  expect(winners.size).toBe(2);
  await expectOneEnding(world);
}, 20_000);

/** It was taken back: the old attempt can end nothing, the new one can. */
async function finishAgain(world: World, id: string, old: Fence): Promise<void> {
  const next = await claimed(world, id, 'worker-2');
  expect(await world.store.jobs.settle(old, { kind: 'done' })).toBe(false);
  expect(await world.store.jobs.settle(next, { kind: 'done' })).toBe(true);
}

async function expectOneEnding(world: World): Promise<void> {
  const endings = new Map<string, number>();
  for (let id = 0; ;) {
    const events = await world.store.events.since(id, 1_000);
    if (events.length === 0) break;
    id = events.at(-1)!.id;
    const ended = events.filter((it) => it.kind === 'job.done' || it.kind === 'job.dead');
    for (const { ref } of ended) endings.set(ref!, (endings.get(ref!) ?? 0) + 1);
  }
  expect(endings.size).toBe(ROUNDS);
  expect(new Set(endings.values())).toEqual(new Set([1]));
}
