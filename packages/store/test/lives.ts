import fc from 'fast-check';
import type { Engine } from './engine.ts';
import { JobPair, type Step } from './job-pair.ts';

const job = fc.nat(4);
const delay = fc.constantFrom(0, 0, 0, 10);
const order = <T extends string>(...names: readonly T[]): fc.Arbitrary<T> =>
  fc.constantFrom(...names);
const settling = { do: order('settle'), job, how: fc.constantFrom(0, 1, 2, 2, 3, 4, 4), delay };
const kinds = fc.array(order('enqueue', 'skip', 'skip', 'skip-range'), { maxLength: 3 });
const cron = fc.constantFrom('0 * * * *', '0 * * * *', '30 * * * *', null);
// Weighted so that most of a life is lived: few endings, many redrives, short halts and pauses.
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: order('enqueue'), delay }) },
  { weight: 20, arbitrary: fc.record({ do: order('claim'), job, instance: order('w1', 'w2') }) },
  { weight: 4, arbitrary: fc.record(settling) },
  { weight: 8, arbitrary: fc.record({ do: order('takeBack'), job }) },
  { weight: 6, arbitrary: fc.record({ do: order('redrive'), job }) },
  { weight: 2, arbitrary: fc.record({ do: order('cancel', 'drop'), job }) },
  { weight: 2, arbitrary: fc.record({ do: order('stale'), job }) },
  { weight: 2, arbitrary: fc.record({ do: order('pass'), ms: fc.constantFrom(0, 20, 60) }) },
  { weight: 1, arbitrary: fc.record({ do: order('halt', 'pause', 'restart') }) },
  { weight: 6, arbitrary: fc.record({ do: order('resume', 'unpause') }) },
  { weight: 1, arbitrary: fc.record({ do: order('declare'), cron }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: order('advance'), kinds, behind: fc.constantFrom(0, 0, 0, 1) }),
  },
  { weight: 1, arbitrary: fc.record({ do: order('rewind'), ms: fc.constantFrom(0, 0, 15) }) },
);
const START: readonly Step[] = [
  ...Array.from({ length: 4 }, () => ({ do: 'enqueue', delay: 0 }) as const),
  { do: 'declare', cron: '0 * * * *' },
];

/** One step on both sides. */
class StepCommand implements fc.AsyncCommand<JobPair, JobPair> {
  readonly #step: Step;

  constructor(step: Step) {
    this.#step = step;
  }

  check(): boolean {
    return true;
  }

  run(_model: JobPair, pair: JobPair): Promise<void> {
    return pair.take(this.#step);
  }

  toString(): string {
    return JSON.stringify(this.#step);
  }
}

/**
 * Lives `numRuns` lives of jobs, slots and leases on an engine and on the twins, and throws where
 * they differ. @returns how many steps were taken in all.
 */
export async function compareLives(engine: Engine, numRuns: number): Promise<number> {
  const steps = STEP.map((it) => new StepCommand(it));
  const lives = fc.commands([steps], { maxCommands: 250, size: 'max' });
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(lives, async (commands) => {
      const pair = await JobPair.open(engine);
      for (const step of START) await pair.take(step);
      await fc.asyncModelRun(() => ({ model: pair, real: pair }), commands);
      taken += [...commands].length;
      pair.close();
    }),
    { numRuns },
  );
  return taken;
}
