import { describe, expect, test } from 'vitest';
import { claim, claimed, enqueued, GONE, openWorld, PERSON, running } from '../../test/world.ts';
import { sweepTickets } from '../tickets.ts';

const ERROR = { code: 'boom', message: 'it broke' };

describe('cancel, redrive and drop', () => {
  test('a queued job is cancelled, a finished one is not, an unknown one is not found', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    const { id } = await enqueued(world, 'k');
    expect(await jobs.cancel(id, PERSON)).toBe('cancelled');
    expect(await jobs.cancel(id, PERSON)).toBe('finished');
    expect(await jobs.cancel('none', PERSON)).toBe('not-found');
    expect(await jobs.get(id)).toMatchObject({ state: 'cancelled', finishedAt: world.clock.now() });
    expect(await claim(world, id)).toBeNull();
  });

  test.each([
    ['returned', { kind: 'returned', reason: 'drain' }],
    ['failed', { kind: 'failed', error: ERROR, outcome: 'failed', runAfter: 0 }],
    ['cancelled', { kind: 'cancelled', message: 'as asked' }],
  ] as const)('a running job that was asked to end is cancelled when %s', async (_, settlement) => {
    const world = await openWorld();
    const { jobs } = world.store;
    const fence = await running(world, 'k');
    expect(await jobs.cancel(fence.job, PERSON)).toBe('asked');
    expect(await jobs.cancelAsked('worker-1')).toEqual([fence.job]);
    expect(await jobs.cancelAsked('worker-2')).toEqual([]);
    await jobs.settle(fence, settlement);
    expect((await jobs.get(fence.job))?.state).toBe('cancelled');
    expect(await jobs.cancelAsked('worker-1')).toEqual([]);
  });

  test('a cancelled job whose worker is gone does not come back', async () => {
    const world = await openWorld();
    const fence = await running(world, 'k');
    await world.store.jobs.cancel(fence.job, PERSON);
    await world.store.jobs.takeBack(fence, GONE);
    expect((await world.store.jobs.get(fence.job))?.state).toBe('cancelled');
  });

  test('a dead letter can be dropped, which stays on record', async () => {
    const world = await openWorld();
    const { jobs, audit } = world.store;
    const fence = await running(world, 'k');
    expect(await jobs.drop(fence.job, PERSON)).toBe('not-dead');
    expect(await jobs.drop('none', PERSON)).toBe('not-found');
    await jobs.settle(fence, { kind: 'dead', error: ERROR });
    expect(await jobs.drop(fence.job, PERSON)).toBe('dropped');
    expect(await jobs.get(fence.job)).toMatchObject({ state: 'cancelled', lastError: ERROR });
    expect(await jobs.redrive(fence.job, PERSON)).toBe('not-dead');
    expect(await jobs.counts()).toMatchObject({ dead: 0, queued: 0 });
    expect(await audit.list(1)).toMatchObject([{ action: 'job.drop', subject: fence.job }]);
  });

  test('a job of a renamed agent is redriven under the new name, with its ticket', async () => {
    const world = await openWorld();
    const { jobs, audit } = world.store;
    const fence = await running(world, 'k', { agent: 'old-name' });
    await jobs.completeStep(fence, 'read', 7);
    await jobs.settle(fence, { kind: 'dead', error: ERROR });
    await expect(jobs.redrive(fence.job, PERSON, '')).rejects.toMatchObject({
      code: 'job-agent-invalid',
    });
    expect(await jobs.redrive(fence.job, PERSON, 'new-name')).toBe('queued');
    expect(await jobs.get(fence.job)).toMatchObject({ agent: 'new-name', state: 'queued' });
    expect(await jobs.stepResult(fence.job, 'read')).toEqual({ found: true, result: 7 });
    expect(await sweepTickets(world.store)).toEqual({ removed: 0, added: 0, revived: 0 });
    expect(await audit.list(1)).toMatchObject([{ detail: { agent: 'new-name' } }]);
    expect(await claim(world, fence.job)).not.toBeNull();
  });

  test('dead letters are listed by what they died of', async () => {
    const world = await openWorld();
    const { jobs } = world.store;
    for (const code of ['crashed', 'cap-job', 'crashed']) {
      const fence = await running(world, `k${code}${Math.random()}`);
      await jobs.settle(fence, { kind: 'dead', error: { code, message: code } });
    }
    expect(await jobs.list({ state: 'dead', reason: 'crashed', limit: 9 })).toHaveLength(2);
    expect(await jobs.list({ state: 'dead', reason: 'none', limit: 9 })).toEqual([]);
  });

  test('a redriven job has fresh attempts, and goes on numbering', async () => {
    const world = await openWorld();
    const { jobs, audit } = world.store;
    const fence = await running(world, 'k');
    expect(await jobs.redrive(fence.job, PERSON)).toBe('not-dead');
    expect(await jobs.redrive('none', PERSON)).toBe('not-found');
    await jobs.settle(fence, { kind: 'dead', error: ERROR });
    expect(await jobs.redrive(fence.job, PERSON)).toBe('queued');
    expect(await jobs.get(fence.job)).toMatchObject({ state: 'queued', attempts: 0 });
    expect((await claimed(world, fence.job)).attempt).toBe(2);
    const [row] = await audit.list(1);
    expect(row).toMatchObject({
      actor: 'person:tester',
      action: 'job.redrive',
      subject: fence.job,
    });
  });
});
