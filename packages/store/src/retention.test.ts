import { DEFAULT_RETENTION, type RetentionSettings } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { budgets, call, counters, held, principal, sql } from '../test/money.ts';
import { claimed, enqueued, GONE, newJob, openWorld, PERSON, running } from '../test/world.ts';
import type { World } from '../test/world.ts';
import { textHash } from './drafts/rows.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

/** One short age for everything. */
const SHORT = Object.fromEntries(
  Object.keys(DEFAULT_RETENTION).map((name) => [name, 10 * DAY]),
) as unknown as RetentionSettings;

async function pruneAll(world: World, ages = SHORT, limit = 3): Promise<number> {
  let passes = 0;
  for (;;) {
    passes++;
    if (!(await world.store.retention.prune(ages, limit)).more) return passes;
  }
}

function rows(world: World, table: string): number {
  return sql(world).one<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)!.n;
}

/** A job that was claimed, made a call of $0.01, completed a step, reported, and is done. */
async function doneJob(world: World, key: string, model = 'small'): Promise<string> {
  const by = await principal(world, key);
  const fence = { job: by.job, attempt: by.attempt, token: by.leaseToken };
  const { ledger, jobs, reports } = world.store;
  const hold = await held(ledger, call(by, '$0.05', { model }));
  await ledger.sent(hold.id);
  const journal = { status: 200, headers: [], body: new Uint8Array([1]) };
  await ledger.end(hold.id, { outcome: 'answered', actualNusd: 10_000_000, journal });
  await jobs.completeStep(fence, 'read', { pages: 3 });
  await reports.file(fence, { title: key, body: '', data: key, notify: false });
  await jobs.settle(fence, { kind: 'done' });
  return by.job;
}

describe('drafts', () => {
  const hash = 'a'.repeat(64);

  test('that are over go after their jobs, those that wait or whose job is there stay', async () => {
    const world = await openWorld();
    const { drafts, jobs } = world.store;
    const wish = async (key: string) => {
      const fence = await running(world, key);
      const expiresAt = world.clock.now() + DAY;
      const hashes = { argsHash: textHash('{}'), definitionHash: hash, targetHash: hash };
      const made = await drafts.file(fence, {
        action: 'tell',
        args: '{}',
        target: 'POST',
        expiresAt,
        ...hashes,
      });
      return { fence, draft: made! };
    };
    const rejected = await wish('rejected');
    await drafts.reject(rejected.draft.id, 'no', PERSON);
    await jobs.settle(rejected.fence, { kind: 'done' });
    const dead = await wish('dead');
    await drafts.reject(dead.draft.id, 'no', PERSON);
    await jobs.settle(dead.fence, { kind: 'dead', error: GONE });
    const approved = await wish('approved');
    await jobs.settle(approved.fence, { kind: 'done' });
    await drafts.approve(approved.draft.id, approved.draft, PERSON);
    world.clock.advance(11 * DAY);
    const ages = { ...SHORT, deadLettersMs: 99 * DAY };
    await pruneAll(world, ages);
    const left = async () => (await drafts.list({ limit: 9 })).map((it) => it.id).toSorted();
    expect(await left()).toEqual([dead.draft.id, approved.draft.id].toSorted());
    await drafts.tidy();
    world.clock.advance(11 * DAY);
    await pruneAll(world, ages);
    // Its job was done long ago, but the one that would have executed it is still in the queue.
    expect(await left()).toEqual([dead.draft.id, approved.draft.id].toSorted());
    await pruneAll(world);
    expect(await left()).toEqual([approved.draft.id]);
  });
});

describe('jobs that ended', () => {
  test('go with everything below them, and leave their key and how they ended', async () => {
    const world = await openWorld();
    await budgets(world, { 'global day': '$9.00' });
    const job = await doneJob(world, 'k');
    await world.store.jobs.cancel((await enqueued(world, 'c')).id, PERSON);
    world.clock.advance(10 * DAY);
    expect((await world.store.retention.prune(SHORT, 100)).removed.jobs).toBe(0);
    world.clock.advance(1);
    expect((await world.store.retention.prune(SHORT, 100)).removed.jobs).toBe(2);
    for (const table of ['jobs', 'attempts', 'steps', 'calls']) expect(rows(world, table)).toBe(0);
    expect(sql(world).all('SELECT key, job, ended, pruned_at FROM job_keys ORDER BY key')).toEqual([
      expect.objectContaining({ key: 'c', ended: 'cancelled' }),
      { key: 'k', job, ended: 'done', pruned_at: world.clock.now() },
    ]);
    const again = await world.store.jobs.enqueue(newJob('k'), PERSON);
    expect(again).toEqual({ created: false, job: null });
  });

  test('stay while they wait, run, hold money, or are dead letters of a younger age', async () => {
    const world = await openWorld();
    await budgets(world, { 'global day': '$9.00' });
    await enqueued(world, 'queued');
    const dead = await running(world, 'dead');
    await world.store.jobs.settle(dead, { kind: 'dead', error: GONE });
    const by = await principal(world, 'holds');
    await held(world.store.ledger, call(by, '$0.05'));
    const fence = { job: by.job, attempt: by.attempt, token: by.leaseToken };
    await world.store.jobs.settle(fence, { kind: 'done' });
    await running(world, 'running');
    world.clock.advance(11 * DAY);
    await pruneAll(world, { ...SHORT, deadLettersMs: 20 * DAY });
    expect(rows(world, 'jobs')).toBe(4);
    await world.store.ledger.presumeOrphans(null);
    world.clock.advance(10 * DAY);
    await pruneAll(world, { ...SHORT, deadLettersMs: 20 * DAY });
    expect((await world.store.jobs.list({ limit: 9 })).map((it) => it.key).toSorted()).toEqual([
      'queued',
      'running',
    ]);
  });

  test('go in short transactions, each with its event', async () => {
    const world = await openWorld();
    for (let n = 0; n < 7; n++) {
      await world.store.jobs.settle(await running(world, `k${n}`), { kind: 'done' });
    }
    world.clock.advance(11 * DAY);
    const first = await world.store.retention.prune({ ...SHORT, eventsMs: 99 * DAY }, 3);
    expect(first).toMatchObject({ removed: { jobs: 3 }, more: true });
    expect(await pruneAll(world, { ...SHORT, eventsMs: 99 * DAY })).toBe(2);
    const events = await world.store.events.since(0, 1_000);
    const pruned = events.filter((it) => it.kind === 'retention.pruned' && it.ref === 'jobs');
    expect(pruned.map((it) => it.data)).toMatchObject([{ count: 3 }, { count: 3 }, { count: 1 }]);
  });

  test('leave the last report of their agent for its next run, and its worth', async () => {
    const world = await openWorld();
    await budgets(world, { 'global day': '$9.00' });
    await doneJob(world, 'first');
    world.clock.advance(HOUR);
    await doneJob(world, 'second');
    const { reports } = world.store;
    const before = await reports.delivered(0);
    expect(before).toEqual([{ agent: 'digest', count: 2, spentNusd: 20_000_000 }]);
    world.clock.advance(11 * DAY);
    await pruneAll(world, { ...SHORT, reportsMs: 20 * DAY });
    expect(rows(world, 'jobs')).toBe(0);
    expect(await reports.delivered(0)).toEqual(before);
    world.clock.advance(400 * DAY);
    await pruneAll(world);
    expect((await reports.previous('digest'))?.data).toBe('second');
    expect(await reports.list({ limit: 9 })).toHaveLength(1);
  });
});

describe('spend', () => {
  test('is folded into totals that still account for every nano-dollar', async () => {
    const world = await openWorld();
    await budgets(world, { 'global day': '$9.00', 'global hour': '$9.00', 'global job': '$9.00' });
    const { ledger } = world.store;
    for (let n = 0; n < 5; n++) {
      await doneJob(world, `k${n}`, n % 2 === 0 ? 'small' : 'large');
      world.clock.advance(7 * HOUR);
    }
    const by = await principal(world, 'presumed');
    await ledger.sent((await held(ledger, call(by, '$0.05'))).id);
    await ledger.presumeOrphans('worker-1');
    const fence = { job: by.job, attempt: by.attempt, token: by.leaseToken };
    await world.store.jobs.settle(fence, { kind: 'done' });
    const totals = async () => ({
      agent: await ledger.totals('agent', 0),
      model: await ledger.totals('model', 0),
      day: await ledger.totals('day', 0),
    });
    const before = await totals();
    expect(before.agent).toMatchObject([{ settledNusd: 50_000_000, presumedNusd: 50_000_000 }]);
    for (let day = 0; day < 16; day++) {
      world.clock.advance(DAY);
      await pruneAll(world);
      expect(await totals()).toEqual(before);
      expect(await ledger.verify()).toEqual([]);
    }
    expect(rows(world, 'spend')).toBe(0);
    // The day's window keeps its counters, hours and jobs are gone.
    expect(sql(world).all('SELECT DISTINCT window FROM budget_windows')).toEqual([
      { window: 'day' },
    ]);
  });

  test('of a job that is still there stays in detail', async () => {
    const world = await openWorld();
    await budgets(world, { 'global day': '$9.00' });
    await doneJob(world, 'k');
    world.clock.advance(50 * DAY);
    await pruneAll(world, { ...SHORT, jobsMs: 99 * DAY });
    expect(rows(world, 'spend')).toBe(1);
  });

  test('that disagrees with its window is told of after it was folded, too', async () => {
    const world = await openWorld();
    await budgets(world, { 'global day': '$9.00' });
    await doneJob(world, 'k');
    world.clock.advance(11 * DAY);
    await pruneAll(world);
    const db = sql(world);
    await db.write(() => db.run('UPDATE spend_days SET settled_nusd = settled_nusd - 1'));
    expect(await world.store.ledger.verify()).toEqual([
      expect.stringMatching(/^day 2026-03-01: \$0\.01 .*totals say \$0\.009999999$/),
    ]);
    await db.write(() => db.run('UPDATE budget_windows SET settled_nusd = 0'));
    expect(await world.store.ledger.verify()).toHaveLength(2);
  });

  test('of a day that comes back keeps counting against its cap', async () => {
    const world = await openWorld();
    await budgets(world, { 'global day': '$9.00' });
    const start = world.clock.now();
    await doneJob(world, 'k');
    world.clock.advance(20 * DAY);
    await pruneAll(world);
    world.clock.stepTo(start);
    expect(await counters(world, 'global day')).toEqual([10_000_000, 0, 0]);
  });
});

describe('what else is old', () => {
  test('events, audit and lives of services go from the oldest on', async () => {
    const world = await openWorld();
    const { store, clock } = world;
    const process = { pid: 1, startTicks: 1, bootId: 'b', pidNamespace: 'p' };
    const life = { service: 'worker' as const, process, version: '1', configHash: 'c' };
    for (const id of ['a', 'b', 'c']) await store.instances.register({ id, ...life });
    await store.instances.stopped('a');
    await claimed(world, (await enqueued(world, 'k')).id, 'b');
    await store.control.pauseAgent('x', PERSON);
    clock.advance(11 * DAY);
    await store.control.resumeAgent('x', PERSON);
    await pruneAll(world);
    // One runs a job, one is the newest.
    expect(sql(world).all('SELECT id FROM instances')).toEqual([{ id: 'b' }, { id: 'c' }]);
    expect(await store.audit.list(9)).toHaveLength(1);
    const kinds = (await store.events.since(0, 99)).map((it) => it.kind);
    expect(kinds[0]).toBe('agent.resumed');
    expect(new Set(kinds.slice(1))).toEqual(new Set(['retention.pruned']));
  });

  test('a log that grew is cut, and a reader who holds it is told of', async () => {
    const world = await openWorld();
    const db = sql(world);
    await db.write(() => {
      db.run('CREATE TABLE big (x)');
      db.run('INSERT INTO big VALUES (zeroblob(20000000))');
    });
    const reader = sql({ ...world, store: await world.other() });
    reader.run('BEGIN');
    reader.one('SELECT count(*) FROM big');
    await db.write(() => db.run('INSERT INTO big VALUES (1)'));
    const pinned = await world.store.retention.checkpoint();
    expect(pinned.busy).toBe(true);
    expect(pinned.bytes).toBeGreaterThan(20_000_000);
    reader.run('COMMIT');
    expect(await world.store.retention.checkpoint()).toEqual({ bytes: 0, busy: false });
  });
});
