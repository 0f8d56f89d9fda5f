import { expect, test } from 'vitest';
import type { Beat, ServiceName } from '@nightshift/domain';
import { openWorld } from '../test/world.ts';

const PROCESS = { pid: 7, startTicks: 70, bootId: 'boot', pidNamespace: 'ns' };
const life = (id: string, service: ServiceName = 'worker') => ({
  id,
  service,
  process: PROCESS,
  version: '1.2.3',
  configHash: 'abc',
});
const BEAT: Beat = {
  loopSeq: 3,
  progressSeq: 2,
  phase: 'working',
  inflightKind: 'model',
  inflightDeadline: 99,
};

test('a life is registered, beats, and ends', async () => {
  const { store, clock } = await openWorld();
  const { instances } = store;
  const startedAt = clock.now();
  await instances.register(life('a'));
  clock.advance(10);
  await instances.beat('a', BEAT);
  const alive = { ...PROCESS, ...BEAT, id: 'a', service: 'worker', version: '1.2.3' };
  const times = { startedAt, beatAt: startedAt + 10, stoppedAt: null };
  expect(await instances.current()).toEqual([
    { ...alive, ...times, configHash: 'abc', launcher: null },
  ]);
  await instances.stopped('a');
  clock.advance(10);
  await instances.beat('a', { ...BEAT, loopSeq: 4 });
  await instances.stopped('a');
  const [ended] = await instances.current();
  expect(ended).toMatchObject({ phase: 'stopped', stoppedAt: startedAt + 10, loopSeq: 3 });
  expect(await instances.running('worker')).toEqual([]);
  expect((await store.events.since(0, 9)).map((it) => it.kind)).toEqual([
    'instance.started',
    'instance.stopped',
  ]);
});

test('the newest life counts, also when the clock was set back in between', async () => {
  const { store, clock } = await openWorld();
  const { instances } = store;
  await instances.register(life('old'));
  await instances.register(life('s', 'scheduler'));
  clock.stepTo(0);
  await instances.register(life('new'));
  const current = (await instances.current()).map((it) => it.id);
  expect(current.toSorted()).toEqual(['new', 's']);
  expect((await instances.running('worker')).map((it) => it.id)).toEqual(['new', 'old']);
});

test('a worker notes what it proved its sandbox with', async () => {
  const { store } = await openWorld();
  await store.instances.register(life('a'));
  await store.instances.proven('a', 'bwrap');
  expect(await store.instances.current()).toMatchObject([{ launcher: 'bwrap' }]);
});

test('a silence that is over leaves an event; a beat in time leaves none', async () => {
  const { store, clock } = await openWorld();
  await store.instances.register(life('a'));
  const fromAt = clock.now();
  clock.advance(19_999);
  await store.instances.beat('a', BEAT, 20_000);
  clock.advance(20_000);
  await store.instances.beat('a', BEAT, 20_000);
  await store.instances.stopped('a');
  clock.advance(60_000);
  await store.instances.beat('a', BEAT, 20_000);
  const gaps = (await store.events.since(0, 9)).filter((it) => it.kind === 'instance.gap');
  expect(gaps.map((it) => [it.ref, it.data])).toEqual([
    ['a', { service: 'worker', fromAt: fromAt + 19_999, ms: 20_000 }],
  ]);
});
