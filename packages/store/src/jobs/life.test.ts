import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JobPair, type Step } from '../../test/job-pair.ts';
import { openWorld } from '../../test/world.ts';
import { connectionOf } from '../store-connection.ts';

const job = fc.nat(4);
const delay = fc.constantFrom(0, 0, 0, 10);
const order = <T extends string>(...names: readonly T[]): fc.Arbitrary<T> =>
  fc.constantFrom(...names);
const settling = { do: order('settle'), job, how: fc.constantFrom(0, 1, 2, 2, 3, 4, 4), delay };
// Weighted so that most of a life is lived: few endings, many redrives, short halts and pauses.
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: order('enqueue'), delay }) },
  { weight: 20, arbitrary: fc.record({ do: order('claim'), job, instance: order('w1', 'w2') }) },
  { weight: 4, arbitrary: fc.record(settling) },
  { weight: 8, arbitrary: fc.record({ do: order('takeBack'), job }) },
  { weight: 3, arbitrary: fc.record({ do: order('redrive', 'redrive', 'cancel'), job }) },
  { weight: 2, arbitrary: fc.record({ do: order('pass'), ms: fc.constantFrom(0, 20, 60) }) },
  { weight: 1, arbitrary: fc.record({ do: order('halt', 'pause') }) },
  { weight: 6, arbitrary: fc.record({ do: order('resume', 'unpause') }) },
);
const START: readonly Step[] = Array.from({ length: 4 }, () => ({ do: 'enqueue', delay: 0 }));

test('whatever is done to jobs, the store agrees with a twin in memory', async () => {
  const lives = fc.array(STEP, { minLength: 60, maxLength: 120, size: 'max' });
  await fc.assert(
    fc.asyncProperty(lives, async (steps) => {
      const pair = new JobPair(await openWorld());
      connectionOf(pair.world.store).db.pragma('synchronous = OFF');
      for (const step of [...START, ...steps]) await pair.take(step);
      const open = await pair.world.store.jobs.list({ state: 'running', limit: 100 });
      const attempts = await Promise.all(open.map((it) => pair.world.store.jobs.attempts(it.id)));
      for (const of of attempts) expect(of.filter((it) => it.endedAt === null)).toHaveLength(1);
      pair.world.store.close();
    }),
    { numRuns: 30 },
  );
}, 30_000);
