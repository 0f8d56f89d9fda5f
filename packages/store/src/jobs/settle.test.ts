import { describe, expect, test } from 'vitest';
import { claim, claimed, enqueued, GONE, openWorld, running } from '../../test/world.ts';

const ERROR = { code: 'boom', message: 'it broke' };

describe('settle', () => {
  test('done ends job and attempt', async () => {
    const world = await openWorld();
    const fence = await running(world, 'k');
    world.clock.advance(10);
    expect(await world.store.jobs.settle(fence, { kind: 'done' })).toBe(true);
    const now = world.clock.now();
    expect(await world.store.jobs.get(fence.job)).toMatchObject({
      state: 'done',
      lease: null,
      finishedAt: now,
      attempts: 1,
    });
    expect(await world.store.jobs.attempts(fence.job)).toMatchObject([
      { outcome: 'done', endedAt: now, error: null },
    ]);
    expect(await world.store.jobs.settle(fence, { kind: 'done' })).toBe(false);
  });

  test('failed waits and is tried again, until no attempts are left', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const job = await enqueued(world, 'k', { maxAttempts: 2 });
    const first = await claimed(world, job.id);
    const runAfter = world.clock.now() + 1_000;
    await jobs.settle(first, { kind: 'failed', error: ERROR, outcome: 'timeout', runAfter });
    const waiting = { state: 'queued', waitReason: 'backoff', runAfter, lastError: ERROR };
    expect(await jobs.get(job.id)).toMatchObject({ ...waiting, waitSince: null, attempts: 1 });
    expect(await claim(world, job.id)).toBeNull();
    world.clock.advance(1_000);
    expect(await jobs.promote(1e9, 10)).toEqual({ promoted: 1, died: 0, nextAt: null });
    const second = await claimed(world, job.id);
    expect(second.attempt).toBe(2);
    await jobs.settle(second, { kind: 'failed', error: ERROR, outcome: 'failed', runAfter });
    expect(await jobs.get(job.id)).toMatchObject({ state: 'dead', attempts: 2, lastError: ERROR });
    const outcomes = (await jobs.attempts(job.id)).map((it) => it.outcome);
    expect(outcomes).toEqual(['timeout', 'failed']);
    expect(await jobs.counts()).toMatchObject({ dead: 1, queued: 0 });
  });

  test('dead is dead at once', async () => {
    const world = await openWorld();
    const fence = await running(world, 'k');
    await world.store.jobs.settle(fence, { kind: 'dead', error: ERROR });
    expect(await world.store.jobs.get(fence.job)).toMatchObject({ state: 'dead', attempts: 1 });
  });

  test('returned gives the attempt back and is runnable at once', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const fence = await running(world, 'k', { maxAttempts: 1 });
    await jobs.settle(fence, { kind: 'returned', reason: 'drain' });
    expect(await jobs.get(fence.job)).toMatchObject({ state: 'queued', attempts: 0 });
    expect(await jobs.attempts(fence.job)).toMatchObject([
      { outcome: 'returned', error: { code: 'returned', message: 'drain' } },
    ]);
    const next = await claimed(world, fence.job);
    expect(next.attempt).toBe(2);
    expect((await jobs.get(fence.job))?.attempts).toBe(1);
  });

  test('returned by a gate remembers when it first began to wait', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const since = world.clock.now();
    const wait = (): Parameters<typeof jobs.settle>[1] => ({
      kind: 'returned',
      reason: 'day cap',
      waitReason: 'cap',
      runAfter: world.clock.now() + 3_600_000,
    });
    const fence = await running(world, 'k');
    await jobs.settle(fence, wait());
    expect(await jobs.get(fence.job)).toMatchObject({ waitReason: 'cap', waitSince: since });
    world.clock.advance(3_600_000);
    await jobs.promote(1e9, 10);
    await jobs.settle(await claimed(world, fence.job), wait());
    expect(await jobs.get(fence.job)).toMatchObject({ attempts: 0, waitSince: since });
  });

  test('the attempt says what its calls cost, whether known, presumed or in flight', async () => {
    const world = await openWorld();
    const { jobs, ledger } = world.store;
    await ledger.setBudgets([{ scope: 'global', window: 'day', capNusd: 10_000 }], 1, 'UTC');
    const fence = await running(world, 'k');
    const principal = {
      job: fence.job,
      attempt: fence.attempt,
      agent: 'digest',
      instance: 'worker-1',
      leaseToken: fence.token,
    };
    const hold = async (ordinal: number): Promise<string> => {
      const call = { step: '', ordinal, endpoint: 'e', model: 'm', priceVersion: '1' };
      const request = { principal, ...call, boundNusd: 100, requestHash: `${ordinal}` };
      const answer = await ledger.reserve(request);
      if ('refused' in answer) throw new Error(answer.refused.message);
      await ledger.sent(answer.hold.id);
      return answer.hold.id;
    };
    await ledger.end(await hold(0), { outcome: 'answered', actualNusd: 30 });
    await ledger.end(await hold(1), { outcome: 'cut' });
    await ledger.end(await hold(2), { outcome: 'rejected-unbilled', status: 429 });
    await hold(3);
    await jobs.settle(fence, { kind: 'dead', error: ERROR });
    expect((await jobs.attempts(fence.job)).map((it) => it.spentNusd)).toEqual([230]);
  });
});

describe('takeBack', () => {
  test('an attempt in company is given back; the job runs alone from then on', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const a = await running(world, 'a');
    const b = await running(world, 'b');
    expect(await jobs.takeBack(a, GONE)).toBe(true);
    expect(await jobs.takeBack(a, GONE)).toBe(false);
    expect(await jobs.get(a.job)).toMatchObject({ state: 'queued', attempts: 0, lastError: GONE });
    expect(await jobs.attempts(a.job)).toMatchObject([{ outcome: 'crashed', error: GONE }]);
    expect(await claim(world, a.job, { instance: 'worker-2' })).toBeNull();
    await jobs.takeBack(b, GONE);
    await claimed(world, a.job, 'worker-2');
    expect(await claim(world, b.job, { instance: 'worker-2' })).toBeNull();
    const innocent = await enqueued(world, 'innocent');
    expect(await claim(world, innocent.id, { instance: 'worker-2' })).toBeNull();
  });

  test('a job that came later ends the loneliness of the one before', async () => {
    const world = await openWorld();
    const first = await running(world, 'first', { maxAttempts: 1 });
    const second = await running(world, 'second', { maxAttempts: 1 });
    await world.store.jobs.settle(second, { kind: 'done' });
    await world.store.jobs.takeBack(first, GONE);
    expect(await world.store.jobs.get(first.job)).toMatchObject({ state: 'queued', attempts: 0 });
  });

  test('three crashes while alone make it dead', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const { id } = await enqueued(world, 'k', { maxAttempts: 9 });
    for (let n = 1; n <= 3; n++) {
      await jobs.takeBack(await claimed(world, id, `worker-${n}`), GONE);
      const state = n === 3 ? 'dead' : 'queued';
      expect(await jobs.get(id)).toMatchObject({ state, attempts: n });
    }
    expect((await jobs.get(id))?.lastError?.code).toBe('crashed');
    expect((await jobs.get(id))?.lastError?.message).toContain('crashed 3 times');
  });

  test('a suspect that gets done is a suspect no more', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const fence = await running(world, 'k');
    await jobs.takeBack(fence, GONE);
    await jobs.settle(await claimed(world, fence.job), { kind: 'done' });
    await running(world, 'x');
    expect(await claim(world, (await enqueued(world, 'y')).id)).not.toBeNull();
  });

  test('jobs of an instance that has ended keep no suspect waiting', async () => {
    const world = await openWorld();
    const { instances, jobs } = world.store;
    const process = { pid: 1, startTicks: 1, bootId: 'b', pidNamespace: 'p' };
    const life = { service: 'worker' as const, process, version: '1', configHash: 'c' };
    await instances.register({ id: 'old', ...life });
    const a = await claimed(world, (await enqueued(world, 'a')).id, 'old');
    await claimed(world, (await enqueued(world, 'b')).id, 'old');
    await jobs.takeBack(a, GONE);
    expect(await claim(world, a.job)).toBeNull();
    await instances.stopped('old');
    expect(await claim(world, a.job)).not.toBeNull();
  });

  test('a suspect that waited a minute makes the others run one at a time', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const suspect = await running(world, 'suspect');
    const busy = await running(world, 'busy');
    await jobs.takeBack(suspect, GONE);
    const next = await enqueued(world, 'next');
    world.clock.advance(60_000);
    expect(await claim(world, next.id)).toBeNull();
    await jobs.settle(busy, { kind: 'done' });
    expect(await claim(world, suspect.job)).not.toBeNull();
  });

  test('as expired it spares a lease that was renewed in the meantime', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const fence = await running(world, 'k');
    world.clock.advance(60_000);
    expect(await jobs.expired()).toHaveLength(1);
    await jobs.renew(fence, world.clock.now() + 1);
    expect(await jobs.takeBack(fence, GONE, 'expired')).toBe(false);
    world.clock.advance(1);
    expect(await jobs.takeBack(fence, GONE, 'expired')).toBe(true);
  });
});
