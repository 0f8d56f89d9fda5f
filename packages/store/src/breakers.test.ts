import { expect, test } from 'vitest';
import { askBreaker, breakerFailed, closedBreaker, type Breaker } from '@nightshift/domain';
import { PERSON, openWorld, type World } from '../test/world.ts';

/** A breaker that five failures opened, written one by one as a broker does. */
async function opened(world: World): Promise<Breaker> {
  const { breakers } = world.store;
  for (let n = 0; n < 5; n++) {
    const seen = await breakers.get('local');
    expect(await breakers.swap(seen, breakerFailed(seen, '503', world.clock.now()))).toBe(true);
  }
  return breakers.get('local');
}

test('a breaker nobody used is closed and has no row', async () => {
  const { store } = await openWorld();
  expect(await store.breakers.get('local')).toEqual(closedBreaker('local'));
  expect(await store.breakers.list()).toEqual([]);
});

test('it comes back as it was written, and its opening is an event', async () => {
  const world = await openWorld();
  const open = await opened(world);
  const now = world.clock.now();
  expect(open).toEqual({
    name: 'local',
    state: 'open',
    failures: 5,
    openings: 1,
    openedAt: now,
    nextProbeAt: now + 30_000,
    probeOwner: null,
    reason: '503',
  });
  expect(await world.store.breakers.list()).toEqual([open]);
  const events = await world.store.events.since(0, 99);
  expect(events).toMatchObject([
    { kind: 'breaker.changed', ref: 'local', data: { from: 'closed', to: 'open', reason: '503' } },
  ]);
});

test('of two processes that see the same cooled-down breaker one gets the probe', async () => {
  const world = await openWorld();
  const other = await world.other();
  const seen = await opened(world);
  world.clock.advance(30_000);
  const probe = (owner: string): Breaker => {
    const asked = askBreaker(seen, owner, world.clock.now());
    if (asked.answer !== 'probe') throw new Error(asked.answer);
    return asked.next;
  };
  const won = await Promise.all([
    world.store.breakers.swap(seen, probe('worker-1')),
    other.breakers.swap(seen, probe('worker-2')),
  ]);
  expect(won.filter(Boolean)).toHaveLength(1);
  const winner = won[0] ? 'worker-1' : 'worker-2';
  expect((await other.breakers.get('local')).probeOwner).toBe(winner);
});

test('two first failures at once are both seen: the second has to look again', async () => {
  const { store, clock } = await openWorld();
  const unused = closedBreaker('local');
  const failed = breakerFailed(unused, 'reset', clock.now());
  expect(await store.breakers.swap(unused, failed)).toBe(true);
  expect(await store.breakers.swap(unused, failed)).toBe(false);
  expect(await store.breakers.swap(failed, breakerFailed(failed, 'x', clock.now()))).toBe(true);
  expect((await store.breakers.get('local')).failures).toBe(2);
});

test.each<[keyof Breaker, Partial<Breaker>]>([
  ['state', { state: 'half-open' }],
  ['failures', { failures: 6 }],
  ['openings', { openings: 2 }],
  ['openedAt', { openedAt: 1 }],
  ['nextProbeAt', { nextProbeAt: null }],
  ['probeOwner', { probeOwner: 'worker-9' }],
  ['reason', { reason: null }],
])('a row whose %s moved is not overwritten', async (_, moved) => {
  const world = await openWorld();
  const open = await opened(world);
  const next = closedBreaker('local');
  expect(await world.store.breakers.swap({ ...open, ...moved }, next)).toBe(false);
  expect(await world.store.breakers.get('local')).toEqual(open);
  expect(await world.store.breakers.swap(open, next)).toBe(true);
});

test('one breaker cannot be written over another', async () => {
  const { store } = await openWorld();
  const swap = store.breakers.swap(closedBreaker('a'), closedBreaker('b'));
  await expect(swap).rejects.toThrow('a cannot become b');
});

test('a person closes it, with an audit row; there is nothing to close twice', async () => {
  const world = await openWorld();
  await opened(world);
  const { breakers, audit } = world.store;
  expect(await breakers.reset('local', PERSON)).toBe(true);
  expect(await breakers.get('local')).toEqual(closedBreaker('local'));
  expect(await breakers.reset('local', PERSON)).toBe(false);
  expect(await breakers.reset('never-used', PERSON)).toBe(false);
  expect(await breakers.list()).toHaveLength(1);
  expect(await audit.list(9)).toMatchObject([
    { action: 'breaker.reset', subject: 'local', detail: { state: 'open', failures: 5 } },
  ]);
});
