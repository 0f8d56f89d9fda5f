import { describe, expect, test } from 'vitest';
import { OUTCOMES, type CallOutcome, type Ending } from '@nightshift/domain';
import { budgets, call, counters, held, principal, sql } from '../../test/money.ts';
import { openWorld, type World } from '../../test/world.ts';

const DAY = { 'global day': '$1', 'agent:digest job': '$1' } as const;
const BOUND = 100_000_000;
const USAGE = { inputTokens: 9, cachedInputTokens: 1, cacheWriteTokens: 2, outputTokens: 3 };
const ANSWER = {
  status: 200,
  headers: [['content-type', 'application/json']],
  body: new Uint8Array([0, 255, 123]),
} as const;

/** A world with one call that was sent. */
async function sentCall(): Promise<{ world: World; hold: string; job: string }> {
  const world = await openWorld();
  await budgets(world, DAY);
  const by = await principal(world, 'k');
  const { id } = await held(world.store.ledger, call(by, '$0.10', { requestHash: 'hash' }));
  await world.store.ledger.sent(id);
  return { world, hold: id, job: by.job };
}

/** Settled, held and presumed in both windows of the call, with what `verify` finds wrong. */
async function books(world: World): Promise<unknown> {
  const day = 'global day';
  const job = 'agent:digest job';
  const wrong = await world.store.ledger.verify();
  return [await counters(world, day), await counters(world, job), wrong];
}

const stand = (counted: readonly number[]): unknown => [counted, counted, []];

describe('the outcome table', () => {
  const rows = Object.keys(OUTCOMES).filter((it) => it !== 'answered') as CallOutcome[];
  test.each(rows)('%s', async (outcome) => {
    const { world, hold } = await sentCall();
    const detail = 'what happened';
    expect(await world.store.ledger.end(hold, { outcome, status: 500, detail })).toBe(true);
    const state = OUTCOMES[outcome];
    expect(await books(world)).toEqual(stand([0, 0, state === 'presumed' ? BOUND : 0]));
    const [row] = await world.store.ledger.spendRows({ limit: 1 });
    expect(row).toMatchObject({ state, outcome, actualNusd: null, endedAt: world.clock.now() });
    expect(sql(world).one('SELECT status, detail FROM spend')).toEqual({ status: 500, detail });
    const events = await world.store.events.since(0, 99);
    expect(events.at(-1)).toMatchObject({ kind: `spend.${state}`, data: { outcome } });
  });

  test('answered settles at what it cost, with its usage', async () => {
    const { world, hold } = await sentCall();
    await world.store.ledger.end(hold, { outcome: 'answered', actualNusd: 42, usage: USAGE });
    expect(await books(world)).toEqual(stand([42, 0, 0]));
    const [row] = await world.store.ledger.spendRows({ limit: 1 });
    expect(row).toMatchObject({ state: 'settled', actualNusd: 42, usage: USAGE });
  });

  test('an actual above the bound is recorded in full, also beyond the cap', async () => {
    const { world, hold } = await sentCall();
    const actualNusd = 3_000_000_000;
    await world.store.ledger.end(hold, { outcome: 'answered', actualNusd });
    expect(await books(world)).toEqual(stand([actualNusd, 0, 0]));
    const kinds = (await world.store.events.since(0, 99)).map((it) => it.kind);
    expect(kinds.slice(-2)).toEqual(['spend.settled', 'spend.over-bound']);
  });

  test.each<[string, Ending, readonly number[]]>([
    ['answered without a price is presumed', { outcome: 'answered' }, [0, 0, BOUND]],
    ['a rejection with a price is settled', ending('rejected-unbilled', 5), [5, 0, 0]],
    ['a rejection at no price is released', ending('rejected-unbilled', 0), [0, 0, 0]],
    ['a cut answer counts its bound', ending('cut', 5), [0, 0, BOUND]],
    ['or more, where more was seen', ending('cut', BOUND + 5), [0, 0, BOUND + 5]],
  ])('nothing is free by mistake: %s', async (_, it, expected) => {
    const { world, hold } = await sentCall();
    await world.store.ledger.end(hold, it);
    expect(await books(world)).toEqual(stand(expected));
  });

  test('a price that is no amount of money is an error, and the hold stays', async () => {
    const { world, hold } = await sentCall();
    const end = world.store.ledger.end(hold, { outcome: 'answered', actualNusd: 0.5 });
    await expect(end).rejects.toMatchObject({ code: 'bad-money' });
    expect(await books(world)).toEqual(stand([0, BOUND, 0]));
  });

  test('an unknown hold is an error', async () => {
    const { store } = await openWorld();
    await expect(store.ledger.end('none', { outcome: 'cut' })).rejects.toMatchObject({
      code: 'hold-unknown',
    });
  });
});

describe('the second ending', () => {
  test('changes nothing when it says the same or less', async () => {
    const { world, hold } = await sentCall();
    const { ledger } = world.store;
    await ledger.end(hold, { outcome: 'timeout' });
    expect(await ledger.end(hold, { outcome: 'never-left' })).toBe(false);
    expect(await ledger.end(hold, { outcome: 'answered', actualNusd: BOUND })).toBe(false);
    expect(await books(world)).toEqual(stand([0, 0, BOUND]));
    const [row] = await ledger.spendRows({ limit: 1 });
    expect(row).toMatchObject({ state: 'presumed', outcome: 'timeout', actualNusd: null });
  });

  test.each<[CallOutcome, readonly number[]]>([
    ['crashed', [0, 0, BOUND + 7]],
    ['rejected-unbilled', [BOUND + 7, 0, 0]],
    ['answered', [BOUND + 7, 0, 0]],
  ])('that knows of a higher price is booked, once, after %s', async (outcome, expected) => {
    const { world, hold } = await sentCall();
    const { ledger } = world.store;
    const first = outcome === 'answered' ? { outcome, actualNusd: 3 } : { outcome };
    await ledger.end(hold, first);
    const late = { outcome: 'answered', actualNusd: BOUND + 7, journal: ANSWER } as const;
    expect(await ledger.end(hold, late)).toBe(false);
    expect(await ledger.end(hold, late)).toBe(false);
    expect(await books(world)).toEqual(stand(expected));
    const kinds = (await world.store.events.since(0, 99)).map((it) => it.kind);
    expect(kinds.filter((it) => it === 'spend.raised')).toHaveLength(1);
  });
});

describe('the journal', () => {
  test('a complete answer is kept with its settlement, and only for that request', async () => {
    const { world, hold, job } = await sentCall();
    const { ledger } = world.store;
    expect(await ledger.journalled(job, '', 0, 'hash')).toBeNull();
    await ledger.end(hold, { outcome: 'answered', actualNusd: 1, journal: ANSWER });
    expect(await ledger.journalled(job, '', 0, 'hash')).toEqual(ANSWER);
    expect(await ledger.journalled(job, '', 0, 'another')).toBeNull();
    expect(await ledger.journalled(job, '', 1, 'hash')).toBeNull();
    expect(await ledger.journalled(job, 'step', 0, 'hash')).toBeNull();
  });

  test('the first answer stays, and a late one is kept where there is none', async () => {
    const { world, hold, job } = await sentCall();
    const { ledger } = world.store;
    await ledger.end(hold, { outcome: 'crashed' });
    await ledger.end(hold, { outcome: 'answered', actualNusd: 1, journal: ANSWER });
    const other = { ...ANSWER, status: 201 };
    await ledger.end(hold, { outcome: 'answered', actualNusd: 1, journal: other });
    expect(await ledger.journalled(job, '', 0, 'hash')).toEqual(ANSWER);
  });

  test('a settlement that fails keeps no answer', async () => {
    const { world, hold, job } = await sentCall();
    sql(world).exec(`CREATE TRIGGER full BEFORE INSERT ON calls
      BEGIN SELECT RAISE(ABORT, 'no room'); END`);
    const end = { outcome: 'answered', actualNusd: 1, journal: ANSWER } as const;
    await expect(world.store.ledger.end(hold, end)).rejects.toThrow('no room');
    expect(await world.store.ledger.journalled(job, '', 0, 'hash')).toBeNull();
    expect(await books(world)).toEqual(stand([0, BOUND, 0]));
  });
});

describe('orphans', () => {
  test('a sent hold of an attempt that is over is presumed once; a running one is left', async () => {
    const { world, hold, job } = await sentCall();
    const { ledger, jobs } = world.store;
    const other = await principal(world, 'runs');
    await held(ledger, call(other, '$0.20'));
    expect(await ledger.presumeOrphans(null)).toBe(0);
    const { token } = (await jobs.get(job))!.lease!;
    await jobs.settle({ job, attempt: 1, token }, { kind: 'done' });
    expect((await jobs.attempts(job))[0]!.spentNusd).toBe(BOUND);
    expect(await ledger.presumeOrphans(null)).toBe(1);
    expect(await ledger.presumeOrphans(null)).toBe(0);
    expect(await counters(world, 'global day')).toEqual([0, 200_000_000, BOUND]);
    const [row] = await ledger.spendRows({ job, limit: 1 });
    expect(row).toMatchObject({ id: hold, state: 'presumed', outcome: 'crashed' });
    expect(await ledger.verify()).toEqual([]);
  });

  test('a hold that was never sent is released, and can never be sent after that', async () => {
    const world = await openWorld();
    const { ledger } = world.store;
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    const unsent = await held(ledger, call(by, '$0.10'));
    expect(await ledger.presumeOrphans('worker-2')).toBe(0);
    expect(await ledger.presumeOrphans('worker-1')).toBe(1);
    expect(await ledger.sent(unsent.id)).toBe(false);
    expect(await books(world)).toEqual(stand([0, 0, 0]));
    const [row] = await ledger.spendRows({ limit: 1 });
    expect(row).toMatchObject({ state: 'released', outcome: 'never-left' });
  });

  test('holds of an instance that stopped are orphans, more than one transaction of them', async () => {
    const world = await openWorld();
    const { ledger, instances } = world.store;
    await budgets(world, DAY);
    const process = { pid: 1, startTicks: 1, bootId: 'b', pidNamespace: 'n' };
    const life = { service: 'worker', process, version: '1', configHash: 'h' } as const;
    await instances.register({ id: 'worker-1', ...life });
    const by = await principal(world, 'k');
    sql(world).pragma('synchronous = OFF');
    for (let n = 0; n < 120; n++) {
      const { id } = await held(ledger, call(by, '$0.000000001'));
      if (n % 2 === 0) await ledger.sent(id);
    }
    expect(await ledger.presumeOrphans(null)).toBe(0);
    await instances.stopped('worker-1');
    expect(await ledger.presumeOrphans(null)).toBe(120);
    expect(await books(world)).toEqual(stand([0, 0, 60]));
  });

  test('what an attempt has spent follows a hold that ends after it', async () => {
    const { world, hold, job } = await sentCall();
    const { ledger, jobs } = world.store;
    const { token } = (await jobs.get(job))!.lease!;
    const error = { code: 'x', message: 'x' };
    await jobs.settle({ job, attempt: 1, token }, { kind: 'dead', error });
    const spent = () => sql(world).one('SELECT spent_nusd AS n FROM dead_letters');
    expect(spent()).toEqual({ n: BOUND });
    await ledger.end(hold, { outcome: 'answered', actualNusd: 3 });
    expect(spent()).toEqual({ n: 3 });
    expect(await ledger.verify()).toEqual([]);
    sql(world).run('UPDATE attempts SET spent_nusd = 4');
    expect(await ledger.verify()).toEqual([
      `attempt 1 of job ${job}: spent $0.000000004, rows say $0.000000003`,
    ]);
  });
});

test('a thousand rejected calls leave the counters at exactly nothing', async () => {
  const world = await openWorld();
  const { ledger } = world.store;
  await budgets(world, DAY);
  const by = await principal(world, 'k');
  sql(world).pragma('synchronous = OFF');
  for (let n = 0; n < 1_000; n++) {
    const { id } = await held(ledger, call(by, '$0.333333333'));
    const outcome = n % 2 === 0 ? 'never-left' : 'rejected-unbilled';
    await ledger.end(id, { outcome });
  }
  expect(await books(world)).toEqual(stand([0, 0, 0]));
});

function ending(outcome: CallOutcome, actualNusd: number): Ending {
  return { outcome, actualNusd };
}
