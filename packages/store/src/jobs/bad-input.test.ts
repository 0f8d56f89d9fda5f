import { expect, test } from 'vitest';
import {
  claim,
  enqueued,
  newJob,
  openWorld,
  PERSON,
  running,
  type World,
} from '../../test/world.ts';
import { connectionOf } from '../store-connection.ts';

/** Puts text into a job's row, as another program might. */
async function overwrite(world: World, job: string, input: string): Promise<void> {
  const { db } = connectionOf(world.store);
  await db.write(() => db.run('UPDATE jobs SET input = ? WHERE id = ?', [input, job]));
}

test.each([
  ['is no JSON', '{"topic": "ne', 'job-input-invalid', 'the input is not JSON'],
  ['is empty', '', 'job-input-invalid', 'the input is not JSON'],
  ['has 5 MB', JSON.stringify('x'.repeat(5e6)), 'job-input-too-large', 'has 5000002 bytes'],
])(
  'a job whose input %s is dead when it is claimed, the others go on',
  async (_, text, code, said) => {
    const world = await openWorld();
    const { jobs } = world.store;
    const bad = await enqueued(world, 'bad');
    const good = await enqueued(world, 'good');
    await overwrite(world, bad.id, text);
    expect(await claim(world, bad.id)).toBeNull();
    const dead = await jobs.get(bad.id);
    expect(dead).toMatchObject({ state: 'dead', lastError: { code } });
    expect(dead?.lastError?.message).toContain(said);
    expect(await jobs.attempts(bad.id)).toMatchObject([{ n: 1, outcome: 'failed' }]);
    expect(await jobs.counts()).toMatchObject({ queued: 1, dead: 1, running: 0 });
    expect(await claim(world, good.id)).not.toBeNull();
    expect(await jobs.list({ limit: 9 })).toHaveLength(2);
  },
);

test.each([
  [{ key: 'k'.repeat(10_240) }, 'job-key-invalid', /10240 bytes; 1 to 200 are allowed/],
  [{ key: 'slot:digest:2026' }, 'job-key-invalid', /belong to schedules/],
  [{ input: 'x'.repeat(5e6) }, 'job-input-too-large', /5000002 bytes; 1048576 are allowed/],
  [{ maxAttempts: -1 }, 'job-attempts-invalid', /not -1/],
  [{ runAfter: Number.NaN }, 'job-time-invalid', /not NaN/],
])('enqueue refuses %#', async (over, code, message) => {
  const { store } = await openWorld();
  const refused = store.jobs.enqueue({ ...newJob('k'), ...over }, PERSON);
  await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(await store.jobs.counts()).toMatchObject({ queued: 0 });
});

test('a step that returns no JSON is an error that names it', async () => {
  const world = await openWorld();
  const fence = await running(world, 'k');
  const step = world.store.jobs.completeStep(fence, 'fetch pages', undefined as never);
  await expect(step).rejects.toMatchObject({ code: 'step-result-invalid', at: 'fetch pages' });
});
