import { expect, test } from 'vitest';
import type { Json, Principal, ReportDraft } from '@nightshift/domain';
import { budgets, call, held, principal, sql } from '../test/money.ts';
import { PERSON, claim, enqueued, openWorld, running, type World } from '../test/world.ts';
import { createFactStore } from './facts.ts';

const HOUR = 3_600_000;
const NOTHING_SEEN = { deadSince: 0, reportsSince: 0 };
const noStop = (): boolean => false;

test('an empty database is a fact, too', async () => {
  const world = await openWorld();
  expect(await createFactStore(world.store, noStop).read(NOTHING_SEEN)).toEqual({
    now: world.clock.now(),
    halt: { halted: false, reason: null, who: null, at: null, stopFile: false },
    instances: [],
    windows: [
      {
        scope: 'global',
        window: 'day',
        key: '2026-03-01',
        capNusd: 0,
        settledNusd: 0,
        heldNusd: 0,
        presumedNusd: 0,
      },
    ],
    spendRate: [],
    queue: { queued: 0, waiting: 0, running: 0, dead: 0 },
    claimable: false,
    queueLagMs: 0,
    dead: [],
    breakers: [],
    reports: [],
    attempts: [],
    schedules: [],
    deadLastHour: 0,
    overBound: [],
    holds: { count: 0, oldestAt: null },
    disk: {
      freeBytes: expect.any(Number),
      freeInodes: expect.any(Number),
      walBytes: expect.any(Number),
    },
    starts: [],
    highAt: 0,
    capWaits: { jobs: 0, agents: [], untilAt: null },
    denied: [],
    drafts: { waiting: 0, oldestAt: null },
    drills: [],
    installedAt: world.clock.now(),
  });
});

test('jobs that wait for a budget are counted, others that wait are not', async () => {
  const world = await openWorld();
  const { jobs } = world.store;
  const back = async (key: string, waitReason: 'cap' | 'breaker', runAfter: number) => {
    const fence = await running(world, key);
    await jobs.settle(fence, { kind: 'returned', reason: 'cap-day', waitReason, runAfter });
  };
  const at = world.clock.now() + HOUR;
  await back('one', 'cap', at + 5);
  await back('two', 'cap', at);
  await back('three', 'breaker', at - 5);
  await enqueued(world, 'later', { runAfter: at - 9 });
  const read = () => createFactStore(world.store, noStop).read(NOTHING_SEEN);
  expect((await read()).capWaits).toEqual({ jobs: 2, agents: ['digest'], untilAt: at });
  world.clock.advance(2 * HOUR);
  await jobs.promote(1e9, 10);
  expect((await read()).capWaits).toEqual({ jobs: 0, agents: [], untilAt: null });
});

test('what agents were refused within a day is added up by agent', async () => {
  const world = await openWorld();
  const { events } = world.store;
  const deny = (kind: string, job: string, data: Record<string, Json>) =>
    events.append(kind, job, { reason: 'host-denied', ...data });
  const digest = { agent: 'digest', message: 'may not reach a.test' };
  await deny('egress.denied', 'old', { ...digest, count: 50 });
  world.clock.advance(24 * 3_600_000);
  for (const count of [1, 2, 5]) await deny('egress.denied', 'j1', { ...digest, count });
  await deny('egress.denied', 'j1', { ...digest, reason: 'model-unknown', count: 2 });
  await deny('egress.denied', 'j2', { agent: 'other', message: 'once', count: 1 });
  await deny('sandbox.denied', 'j3', { agent: 'digest', message: 'may not read', count: 1 });
  await events.append('draft.filed', 'j4', { agent: 'digest', count: 99 });
  const { denied } = await createFactStore(world.store, noStop).read(NOTHING_SEEN);
  expect(denied).toEqual([
    { agent: 'digest', attempts: 8, jobs: 2, last: 'may not read' },
    { agent: 'other', attempts: 1, jobs: 1, last: 'once' },
  ]);
  const plan = sql(world).all<{ detail: string }>(
    `EXPLAIN QUERY PLAN SELECT id FROM events
     WHERE kind IN ('egress.denied', 'sandbox.denied') AND at > 1 ORDER BY at DESC`,
  );
  expect(plan.map(({ detail }) => detail).join()).toContain('events_denied');
});

test('upkeep: attempts, holds, what cost more than its bound, starts and the disk', async () => {
  const world = await openWorld();
  const { store, clock } = world;
  await budgets(world, { 'global day': '$9' });
  const begun = clock.now();
  const digest = await principal(world, 'a');
  const { id } = await held(store.ledger, call(digest, '$0.000000100'));
  await store.ledger.end(id, { outcome: 'answered', actualNusd: 150 });
  clock.advance(1_000);
  await held(store.ledger, call(digest, '$0.000000100'));
  const life = { service: 'worker', version: '1', configHash: 'c' } as const;
  const process = { pid: 1, startTicks: 2, bootId: 'b', pidNamespace: 'n' };
  for (const name of ['w1', 'w2']) await store.instances.register({ ...life, id: name, process });
  await store.instances.register({ ...life, id: 'r', service: 'run', process });
  const facts = createFactStore(store, noStop);
  const seen = await facts.read(NOTHING_SEEN);
  expect(seen.attempts).toEqual([{ job: digest.job, attempt: 1, agent: 'digest' }]);
  expect(seen.holds).toEqual({ count: 1, oldestAt: begun + 1_000 });
  expect(seen.overBound).toMatchObject([{ agent: 'digest', calls: 1, excessNusd: 50 }]);
  expect(seen.starts).toEqual([{ service: 'worker', count: 2 }]);
  expect(seen.highAt).toBeGreaterThanOrEqual(begun);
  expect(seen.disk.freeBytes).toBeGreaterThan(0);
  expect(seen.disk.walBytes).toBeGreaterThan(0);
  clock.advance(HOUR);
  const later = await facts.read(NOTHING_SEEN);
  expect([later.overBound, later.starts]).toEqual([[], []]);
});

test('halt, queue, lag, dead jobs, lives and the STOP file are seen', async () => {
  const world = await openWorld();
  const { store, clock } = world;
  const process = { pid: 1, startTicks: 2, bootId: 'b', pidNamespace: 'n' };
  for (const id of ['old', 'new']) {
    await store.instances.register({
      id,
      service: 'worker',
      process,
      version: '1',
      configHash: 'h',
    });
  }
  const doomed = await running(world, 'doomed');
  await enqueued(world, 'waits', { runAfter: clock.now() + HOUR });
  await enqueued(world, 'ready');
  clock.advance(7_000);
  await enqueued(world, 'younger');
  const error = { code: 'x', message: 'broken' };
  await store.jobs.settle(doomed, { kind: 'dead', error });
  await store.control.halt('enough', PERSON);
  const facts = createFactStore(store, async () => true);
  const seen = await facts.read(NOTHING_SEEN);
  expect(seen.halt).toMatchObject({ halted: true, reason: 'enough', stopFile: true });
  expect(seen.queue).toEqual({ queued: 2, waiting: 1, running: 0, dead: 1 });
  expect(seen.queueLagMs).toBe(7_000);
  expect(seen.dead).toMatchObject([{ id: doomed.job, lastError: error }]);
  expect(seen.instances.map((it) => it.id)).toEqual(['new']);
  const later = await facts.read({ deadSince: clock.now(), reportsSince: 0 });
  expect(later.dead).toEqual([]);
});

test('what no worker could claim is not claimable: paused, behind its own agent, behind a suspect', async () => {
  const world = await openWorld();
  const facts = createFactStore(world.store, noStop);
  const claimable = async (): Promise<boolean> => (await facts.read(NOTHING_SEEN)).claimable;
  await enqueued(world, 'later', { runAfter: world.clock.now() + HOUR });
  expect(await claimable()).toBe(false);
  await enqueued(world, 'ready');
  expect(await claimable()).toBe(true);
  await world.store.control.pauseAgent('digest', PERSON);
  expect(await claimable()).toBe(false);
  await world.store.control.resumeAgent('digest', PERSON);
  const fence = await running(world, 'first');
  expect(await claimable()).toBe(false);
  await enqueued(world, 'of another', { agent: 'zebra' });
  expect(await claimable()).toBe(true);
  await world.store.jobs.takeBack(fence, { code: 'x', message: 'crashed' });
  await claim(world, fence.job);
  expect(await claimable()).toBe(false);
});

test('at most fifty dead jobs come in one tick, the newest first', async () => {
  const world = await openWorld();
  for (let n = 0; n < 52; n++) {
    const fence = await running(world, `job-${n}`);
    world.clock.advance(1);
    await world.store.jobs.settle(fence, { kind: 'dead', error: { code: 'x', message: 'x' } });
  }
  const { dead } = await createFactStore(world.store, noStop).read(NOTHING_SEEN);
  expect(dead).toHaveLength(50);
  expect(dead[0]!.key).toBe('job-51');
});

test('reports to be told about come oldest first, the silent ones not at all', async () => {
  const world = await openWorld();
  const draft: ReportDraft = { title: 't', body: 'b', data: null, notify: true };
  const times: number[] = [];
  for (const [title, notify] of [
    ['one', true],
    ['silent', false],
    ['two', true],
  ] as const) {
    world.clock.advance(10);
    times.push(world.clock.now());
    await world.store.reports.file(await running(world, title), { ...draft, title, notify });
  }
  const facts = createFactStore(world.store, noStop);
  const all = await facts.read(NOTHING_SEEN);
  expect(all.reports.map((it) => it.title)).toEqual(['one', 'two']);
  const newer = await facts.read({ deadSince: 0, reportsSince: times[0]! });
  expect(newer.reports.map((it) => it.title)).toEqual(['two']);
});

test('the rate counts what is committed, by agent, over five minutes and an hour', async () => {
  const world = await openWorld();
  await budgets(world, { 'global day': '$9' });
  const digest = await principal(world, 'a');
  const other = await principal(world, 'b', { agent: 'other' });
  await spend(world, digest, 1);
  world.clock.advance(HOUR - 5 * 60_000);
  await spend(world, digest, 20);
  await held(world.store.ledger, call(other, '$0.000000300'));
  world.clock.advance(5 * 60_000 - 1);
  const { spendRate, windows } = await createFactStore(world.store, noStop).read(NOTHING_SEEN);
  expect(spendRate).toEqual([
    { agent: 'digest', last5mNusd: 20, last1hNusd: 21, usualHourNusd: 0 },
    { agent: 'other', last5mNusd: 300, last1hNusd: 300, usualHourNusd: 0 },
  ]);
  expect(windows).toMatchObject([{ window: 'day', settledNusd: 21, heldNusd: 300 }]);
});

test('the usual hour is the median of the hours that had any, read again now and then', async () => {
  const world = await openWorld();
  await budgets(world, { 'global day': '$9' });
  const digest = await principal(world, 'a');
  for (const amount of [10, 0, 30, 1_000, 20]) {
    if (amount > 0) await spend(world, digest, amount);
    world.clock.advance(HOUR);
  }
  await spend(world, digest, 5_000);
  const facts = createFactStore(world.store, noStop);
  const usual = async () => (await facts.read(NOTHING_SEEN)).spendRate[0]!.usualHourNusd;
  expect(await usual()).toBe(20);
  world.clock.advance(9 * 60_000);
  await spend(world, digest, 1);
  expect(await usual()).toBe(20);
  world.clock.advance(51 * 60_000);
  expect(await usual()).toBe(30);
});

test('facts that cannot be read are an error, not an empty world', async () => {
  const world = await openWorld();
  const facts = createFactStore(world.store, noStop);
  world.store.close();
  await expect(facts.read(NOTHING_SEEN)).rejects.toMatchObject({ code: 'store-closed' });
});

async function spend(world: World, by: Principal, actualNusd: number): Promise<void> {
  const { id } = await held(world.store.ledger, call(by, '$0.01'));
  await world.store.ledger.end(id, { outcome: 'answered', actualNusd });
}
