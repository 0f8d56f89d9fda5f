import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OUTCOMES, type CallOutcome, type Principal } from '@nightshift/domain';
import { budgets, call, counters, principal, sql } from '../../test/money.ts';
import { openWorld, type World } from '../../test/world.ts';

/**
 * The ledger against a twin that keeps one list of calls in memory and adds them up each time. Caps
 * are in nano-dollars, small enough that most sequences meet them.
 */
const CAPS = { 'global day': 100, 'agent:digest day': 70, 'agent:digest job': 50 } as const;
const JOBS = [
  { key: 'one', agent: 'digest' },
  { key: 'two', agent: 'digest' },
  { key: 'three', agent: 'other' },
];

interface TwinCall {
  readonly id: string;
  readonly job: number;
  readonly bound: number;
  readonly sent: boolean;
  readonly counts: number;
  readonly state: 'held' | 'settled' | 'presumed' | 'released';
}

type Step =
  | { readonly kind: 'reserve'; readonly job: number; readonly bound: number }
  | { readonly kind: 'sent'; readonly which: number }
  | { readonly kind: 'end'; which: number; outcome: CallOutcome; actual: number }
  | { readonly kind: 'orphans' };

const job = fc.nat({ max: JOBS.length - 1 });
const which = fc.nat({ max: 30 });
const outcome = fc.constantFrom(...(Object.keys(OUTCOMES) as CallOutcome[]));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('reserve'), job, bound: fc.nat(60) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('sent'), which }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('end'), which, outcome, actual: fc.nat(60) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('orphans') }) },
  ) as fc.Arbitrary<Step>,
  { minLength: 10, maxLength: 40 },
);

test('any interleaving of calls is booked as a twin that only adds up would book it', async () => {
  expect.hasAssertions();
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const { world, by } = await fresh();
      let twin: readonly TwinCall[] = [];
      for (const step of sequence) {
        const played = await play(world, by, twin, step);
        expect(played.ledger).toBe(played.expected);
        twin = played.twin;
        expect(await books(world)).toEqual(booksOf(twin));
      }
      world.store.close();
    }),
    { numRuns: 40 },
  );
});

/** What the ledger answered, what the twin expected, and how the twin stands after it. */
interface Played {
  readonly ledger: boolean | number;
  readonly expected: boolean | number;
  readonly twin: readonly TwinCall[];
}

async function fresh(): Promise<{ world: World; by: Principal[] }> {
  const world = await openWorld();
  sql(world).pragma('synchronous = OFF');
  await budgets(world, {});
  const rows = Object.entries(CAPS).map(([name, capNusd]) => {
    const [scope, window] = name.split(' ') as ['global', 'day'];
    return { scope, window, capNusd };
  });
  await world.store.ledger.setBudgets(rows, Number.MAX_SAFE_INTEGER, 'UTC');
  const by: Principal[] = [];
  for (const { key, agent } of JOBS) by.push(await principal(world, key, { agent }));
  return { world, by };
}

async function play(
  world: World,
  by: readonly Principal[],
  twin: readonly TwinCall[],
  step: Step,
): Promise<Played> {
  if (step.kind === 'reserve') return reserve(world, by, twin, step);
  if (step.kind === 'orphans') return orphans(world, twin);
  const index = step.which % Math.max(1, twin.length);
  const it = twin[index];
  if (it === undefined) return { ledger: true, expected: true, twin };
  const { ledger } = world.store;
  const open = it.state === 'held';
  if (step.kind === 'sent') {
    const after = twin.with(index, { ...it, sent: it.sent || open });
    return { ledger: await ledger.sent(it.id), expected: open && !it.sent, twin: after };
  }
  const { outcome, actual } = step;
  const ending = outcome === 'answered' ? { outcome, actualNusd: actual } : { outcome };
  const after = twin.with(index, afterEnd(it, outcome, actual));
  return { ledger: await ledger.end(it.id, ending), expected: open, twin: after };
}

function afterEnd(it: TwinCall, outcome: CallOutcome, actual: number): TwinCall {
  const state = OUTCOMES[outcome];
  if (it.state === 'held') {
    if (state === 'presumed') return { ...it, state, counts: it.bound };
    return { ...it, state, counts: state === 'settled' ? actual : 0 };
  }
  if (outcome !== 'answered' || actual <= it.counts) return it;
  return { ...it, counts: actual, state: it.state === 'released' ? 'settled' : it.state };
}

async function reserve(
  world: World,
  by: readonly Principal[],
  twin: readonly TwinCall[],
  { job, bound }: { job: number; bound: number },
): Promise<Played> {
  const agent = (n: number) => JOBS[n]!.agent;
  const fits =
    sum(twin) + bound <= CAPS['global day'] &&
    (agent(job) !== 'digest' ||
      (sum(twin.filter((it) => agent(it.job) === 'digest')) + bound <= CAPS['agent:digest day'] &&
        sum(twin.filter((it) => it.job === job)) + bound <= CAPS['agent:digest job']));
  const answer = await world.store.ledger.reserve(call(by[job]!, '$0', { boundNusd: bound }));
  if (!('hold' in answer)) return { ledger: false, expected: fits, twin };
  const { id } = answer.hold;
  const taken: TwinCall = { id, job, bound, sent: false, counts: bound, state: 'held' };
  return { ledger: true, expected: fits, twin: [...twin, taken] };
}

async function orphans(world: World, twin: readonly TwinCall[]): Promise<Played> {
  const after = twin.map((it): TwinCall => {
    if (it.state !== 'held') return it;
    return it.sent ? { ...it, state: 'presumed' } : { ...it, state: 'released', counts: 0 };
  });
  const expected = twin.filter((it) => it.state === 'held').length;
  return { ledger: await world.store.ledger.presumeOrphans('worker-1'), expected, twin: after };
}

/** Counters of two windows, and whatever `verify` finds wrong. */
async function books(world: World): Promise<unknown> {
  const { ledger } = world.store;
  const day = await counters(world, 'global day');
  return [day, await counters(world, 'agent:digest day'), await ledger.verify()];
}

function booksOf(twin: readonly TwinCall[]): unknown {
  const of = (calls: readonly TwinCall[]): number[] =>
    (['settled', 'held', 'presumed'] as const).map((state) =>
      sum(calls.filter((it) => it.state === state)),
    );
  return [of(twin), of(twin.filter((it) => JOBS[it.job]!.agent === 'digest')), []];
}

function sum(calls: readonly TwinCall[]): number {
  return calls.reduce((total, it) => total + it.counts, 0);
}
