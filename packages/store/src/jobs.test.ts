import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { claim, claimed, enqueued, newJob, openWorld, PERSON, running } from '../test/world.ts';

describe('enqueue', () => {
  test('a job comes back as it was given, runnable at once, with its event', async () => {
    const { store, clock } = await openWorld();
    const { created, job } = await store.jobs.enqueue(
      newJob('k', { priority: 2, slot: 7 }),
      PERSON,
    );
    expect(created).toBe(true);
    expect(job).toMatchObject({
      key: 'k',
      agent: 'digest',
      input: { topic: 'news' },
      priority: 2,
      slot: 7,
      state: 'queued',
      attempts: 0,
      maxAttempts: 3,
      runAfter: clock.now(),
      waitReason: null,
      lease: null,
    });
    expect(await store.jobs.get(job!.id)).toEqual(job);
    expect(await store.jobs.counts()).toEqual({ queued: 1, waiting: 0, running: 0, dead: 0 });
    const [event] = await store.events.since(0, 10);
    expect(event).toMatchObject({ kind: 'job.enqueued', ref: job!.id });
  });

  test('touches the log once its commit is visible, for those who watch the folder', async () => {
    const { store, clock, stateDir } = await openWorld();
    clock.advance(3_600_000);
    await store.jobs.enqueue(newJob('k'), PERSON);
    const { mtimeMs } = statSync(join(stateDir, 'nightshift.db-wal'));
    expect(Math.abs(mtimeMs - clock.now())).toBeLessThan(1);
  });

  test('a key is used once, also after its job is over', async () => {
    const world = await openWorld();
    const fence = await running(world, 'k');
    await world.store.jobs.settle(fence, { kind: 'done' });
    const again = await world.store.jobs.enqueue(newJob('k', { agent: 'other' }), PERSON);
    expect(again).toMatchObject({ created: false, job: { id: fence.job, state: 'done' } });
  });

  test('one with a time to come waits for it', async () => {
    const world = await openWorld();
    const job = await enqueued(world, 'k', { runAfter: world.clock.now() + 1_000 });
    expect(job.waitReason).toBe('delay');
    expect(await world.store.jobs.counts()).toMatchObject({ queued: 0, waiting: 1 });
    expect(await claim(world, job.id)).toBeNull();
  });

  test.each([
    ['job-key-invalid', newJob('')],
    ['job-key-invalid', newJob('ü'.repeat(101))],
    ['job-key-invalid', newJob('a\nb')],
    ['job-key-invalid', newJob('half \ud800 character')],
    ['job-agent-invalid', newJob('k', { agent: '' })],
    ['job-attempts-invalid', newJob('k', { maxAttempts: 0 })],
    ['job-time-invalid', newJob('k', { runAfter: Number.NaN })],
    ['job-input-invalid', newJob('k', { input: undefined as never })],
    ['job-input-invalid', newJob('k', { input: { big: 1n } as never })],
    ['job-input-too-large', newJob('k', { input: 'x'.repeat(1_048_576) })],
  ])('what cannot be a job is refused: %s', async (code, job) => {
    const { store } = await openWorld();
    await expect(store.jobs.enqueue(job, PERSON)).rejects.toMatchObject({ code, retryable: false });
    expect(await store.jobs.list({ limit: 10 })).toEqual([]);
  });

  test('a key of exactly 200 bytes is allowed', async () => {
    const world = await openWorld();
    expect((await enqueued(world, 'ü'.repeat(100))).state).toBe('queued');
  });
});

describe('claim', () => {
  test('counts the attempt and writes lease and attempt', async () => {
    const world = await openWorld();
    const job = await enqueued(world, 'k');
    const won = await world.store.jobs.claim({
      job: job.id,
      instance: 'w',
      leaseUntil: 99,
      maxRunningOfAgent: 1,
      source: 'abc',
    });
    expect(won?.job).toMatchObject({ state: 'running', attempts: 1, startedAt: world.clock.now() });
    expect(won?.job.lease).toEqual({ token: won?.fence.token, until: 99, instance: 'w' });
    expect(await world.store.jobs.attempts(job.id)).toMatchObject([
      { n: 1, instance: 'w', source: 'abc', endedAt: null, outcome: null, spentNusd: 0 },
    ]);
    expect(await claim(world, job.id)).toBeNull();
  });

  test('refused while halted, while the agent is paused, and beyond its concurrency', async () => {
    const world = await openWorld();
    const { control } = world.store;
    const job = await enqueued(world, 'k');
    await control.halt('stop', PERSON);
    expect(await claim(world, job.id)).toBeNull();
    await control.resume(PERSON);
    await control.pauseAgent('digest', PERSON);
    expect(await claim(world, job.id)).toBeNull();
    await control.resumeAgent('digest', PERSON);
    await running(world, 'first');
    expect(await claim(world, job.id, { max: 1 })).toBeNull();
    expect(await claim(world, job.id, { max: 2 })).not.toBeNull();
    expect((await world.store.jobs.get(job.id))?.attempts).toBe(1);
  });

  test('two connections race for each of many jobs: one winner each', async () => {
    const world = await openWorld();
    const second = { ...world, store: await world.other() };
    const jobs = await Promise.all(Array.from({ length: 40 }, (_, n) => enqueued(world, `k${n}`)));
    const wins = await Promise.all(
      jobs.map(async ({ id }) => {
        const both = [claim(world, id, { max: 99 }), claim(second, id, { max: 99 })];
        return (await Promise.all(both)).filter((it) => it !== null).length;
      }),
    );
    expect(wins).toEqual(jobs.map(() => 1));
  });
});

describe('the fence', () => {
  test('holds for every write of an attempt', async () => {
    const world = await openWorld();
    const { jobs, reports } = world.store;
    const good = await running(world, 'k');
    const child = { pid: 7, startTicks: 8, bootId: 'b', pidNamespace: 'p' };
    const report = { title: 't', body: 'b', data: null, notify: false };
    for (const bad of [
      { ...good, token: 'stale' },
      { ...good, attempt: 2 },
      { ...good, job: 'none' },
    ]) {
      expect(await jobs.renew(bad, 1)).toBe(false);
      expect(await jobs.childStarted(bad, child)).toBe(false);
      expect(await jobs.completeStep(bad, 's', 1)).toBe(false);
      expect(await jobs.progress(bad, { done: 1, total: 2, note: '' })).toBe(false);
      expect(await jobs.settle(bad, { kind: 'done' })).toBe(false);
      expect(await jobs.takeBack(bad, { code: 'x', message: 'x' })).toBe(false);
      expect(await reports.file(bad, report)).toBeNull();
    }
    expect(await jobs.renew(good, 123)).toBe(true);
    expect(await jobs.childStarted(good, child)).toBe(true);
    expect(await jobs.progress(good, { done: 1, total: 2, note: 'half' })).toBe(true);
    const [entry] = await jobs.ofInstance('worker-1');
    expect(entry?.attempt.child).toEqual(child);
    expect(entry?.job).toMatchObject({ lease: { until: 123 }, progress: { done: 1, total: 2 } });
  });

  test('of an older attempt is gone after the next claim', async () => {
    const world = await openWorld();
    const first = await running(world, 'k');
    await world.store.jobs.settle(first, { kind: 'returned', reason: 'drain' });
    await claimed(world, first.job);
    expect(await world.store.jobs.settle(first, { kind: 'done' })).toBe(false);
    expect((await world.store.jobs.get(first.job))?.state).toBe('running');
  });
});

describe('steps', () => {
  test('are stored once and outlive their attempt', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const fence = await running(world, 'k');
    expect(await jobs.stepResult(fence.job, 'fetch')).toEqual({ found: false });
    expect(await jobs.completeStep(fence, 'fetch', { pages: 3 })).toBe(true);
    await expect(jobs.completeStep(fence, 'fetch', 0)).rejects.toMatchObject({
      code: 'step-duplicate',
    });
    await jobs.settle(fence, { kind: 'returned', reason: 'drain' });
    const kept = { found: true, result: { pages: 3 } };
    expect(await jobs.stepResult(fence.job, 'fetch')).toEqual(kept);
  });

  test('that are too large, nameless or no JSON are refused', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const fence = await running(world, 'k');
    const code = (it: string): object => ({ code: it });
    const large = 'x'.repeat(4_194_304);
    await expect(jobs.completeStep(fence, '', 1)).rejects.toMatchObject(code('step-name-invalid'));
    await expect(jobs.completeStep(fence, 's', large)).rejects.toMatchObject(
      code('step-result-too-large'),
    );
    await expect(jobs.completeStep(fence, 's', undefined as never)).rejects.toMatchObject(
      code('step-result-invalid'),
    );
  });
});

test('lists are filtered, newest first, and bounded', async () => {
  const world = await openWorld();
  const { jobs } = world.store;
  const fence = await running(world, 'a', { agent: 'one' });
  world.clock.advance(5);
  const b = await enqueued(world, 'b', { agent: 'two' });
  const ids = async (filter: Parameters<typeof jobs.list>[0]): Promise<string[]> =>
    (await jobs.list(filter)).map((it) => it.id);
  expect(await ids({ limit: 5 })).toEqual([b.id, fence.job]);
  expect(await ids({ limit: 1 })).toEqual([b.id]);
  expect(await ids({ limit: 5, agent: 'one' })).toEqual([fence.job]);
  expect(await ids({ limit: 5, state: 'queued' })).toEqual([b.id]);
  expect(await ids({ limit: 5, state: 'queued', agent: 'one' })).toEqual([]);
});
