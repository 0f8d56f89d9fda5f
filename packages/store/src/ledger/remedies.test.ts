import { parseUsd } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import {
  budgets,
  call,
  counters,
  held,
  principal,
  refused,
  sql,
  standing,
} from '../../test/money.ts';
import { PERSON, openWorld, type World } from '../../test/world.ts';

const GLOBAL = 'global day';
const usd = parseUsd;

async function spent(world: World, how: 'settled' | 'presumed' | 'released'): Promise<string> {
  const { ledger } = world.store;
  const hold = await held(ledger, call(await principal(world, crypto.randomUUID()), '$0.40'));
  await ledger.sent(hold.id);
  const ending = {
    settled: { outcome: 'answered', actualNusd: usd('$0.10') },
    presumed: { outcome: 'timeout' },
    released: { outcome: 'rejected-unbilled', status: 429 },
  } as const;
  await ledger.end(hold.id, ending[how]);
  // Ids of one millisecond have no order.
  world.clock.advance(1);
  return hold.id;
}

describe('a correction', () => {
  test.each([
    ['settled', '$0.25', '$0.10'],
    ['settled', '$0.00', '$0.10'],
    ['presumed', '$0.02', '$0.40'],
    ['presumed', '$1.00', '$0.40'],
    ['released', '$0.03', '$0.00'],
  ] as const)(
    'of a %s call to %s moves the counters, and keeps the bound',
    async (how, to, was) => {
      const world = await openWorld();
      await budgets(world, {
        [GLOBAL]: '$5.00',
        'global month': '$9.00',
        'agent:digest job': '$3.00',
      });
      const other = await spent(world, 'presumed');
      const id = await spent(world, how);
      const { ledger, audit } = world.store;
      const done = await ledger.correct({ id, toNusd: usd(to), reason: 'the invoice' }, PERSON);
      const amounts = { fromNusd: usd(was), toNusd: usd(to), boundNusd: usd('$0.40') };
      expect(done).toEqual({ id, ...amounts });
      for (const window of [GLOBAL, 'global month']) {
        expect(await counters(world, window)).toEqual([usd(to), 0, usd('$0.40')]);
      }
      expect(await ledger.verify()).toEqual([]);
      const lines = await ledger.page({ sinceAt: 0, after: other, limit: 5 });
      const shown = { state: 'settled', actualNusd: usd(to), boundNusd: usd('$0.40') };
      expect(lines).toMatchObject([{ id, countsNusd: usd(to), ...shown }]);
      expect((await audit.list(1))[0]).toMatchObject({
        actor: 'person:tester',
        action: 'spend.correct',
        subject: id,
        detail: { reason: 'the invoice', was: how },
      });
    },
  );

  test('can be corrected again, and an actual that comes late is compared with it', async () => {
    const world = await openWorld();
    await budgets(world, { [GLOBAL]: '$5.00' });
    const id = await spent(world, 'presumed');
    const { ledger } = world.store;
    for (const to of ['$0.05', '$0.50', '$0.07'] as const) {
      await ledger.correct({ id, toNusd: usd(to), reason: 'again' }, PERSON);
    }
    expect(await counters(world, GLOBAL)).toEqual([usd('$0.07'), 0, 0]);
    await ledger.end(id, { outcome: 'answered', actualNusd: usd('$0.09') });
    expect(await counters(world, GLOBAL)).toEqual([usd('$0.09'), 0, 0]);
    expect(await ledger.verify()).toEqual([]);
  });

  test('of a call in flight, of none, or to what is no money, is refused', async () => {
    const world = await openWorld();
    await budgets(world, { [GLOBAL]: '$5.00' });
    const { ledger } = world.store;
    const { id } = await held(ledger, call(await principal(world, 'a'), '$0.40'));
    const to = (over: object) => ledger.correct({ id, toNusd: 1, reason: 'x', ...over }, PERSON);
    await expect(to({})).rejects.toMatchObject({ code: 'hold-open' });
    await expect(to({ id: 'none' })).rejects.toMatchObject({ code: 'hold-unknown' });
    await expect(to({ toNusd: -1 })).rejects.toMatchObject({ code: 'bad-money' });
    expect(await counters(world, GLOBAL)).toEqual([0, usd('$0.40'), 0]);
  });
});

describe('a raise', () => {
  test('lets today cost more, to the nano-dollar, and ends with the day', async () => {
    const world = await openWorld();
    await budgets(world, { [GLOBAL]: '$1.00' });
    const { ledger, audit } = world.store;
    const by = await principal(world, 'a');
    await held(ledger, call(by, '$1.00'));
    expect(await refused(ledger, call(by, '$0.50'))).toMatchObject({ reason: 'cap-day' });
    const reason = 'a long night';
    const scope = 'global';
    const raise = await ledger.raiseToday({ scope, addNusd: usd('$0.50'), reason }, PERSON);
    expect(raise).toMatchObject({ key: '2026-03-01', capNusd: usd('$1.50') });
    expect(await refused(ledger, call(by, '$0.500000001'))).toMatchObject({
      window: { capNusd: usd('$1.50') },
    });
    await held(ledger, call(by, '$0.50'));
    expect(await refused(ledger, call(by, '$0.000000001'))).toMatchObject({ reason: 'cap-day' });
    expect(await standing(world, GLOBAL)).toMatchObject({ capNusd: usd('$1.50') });
    expect((await audit.list(1))[0]).toMatchObject({ action: 'budget.raise', detail: { reason } });
    world.clock.advance(24 * 3_600_000);
    expect(await standing(world, GLOBAL)).toMatchObject({ capNusd: usd('$1.00') });
    expect(await refused(ledger, call(by, '$1.01'))).toMatchObject({ reason: 'cap-day' });
    expect(await ledger.verify()).toEqual([]);
  });

  test('of one agent raises nothing else, and other windows still say no', async () => {
    const world = await openWorld();
    await budgets(world, { [GLOBAL]: '$1.00', 'agent:digest day': '$0.20' });
    const { ledger } = world.store;
    const by = await principal(world, 'a');
    const scope = 'agent:digest';
    await ledger.raiseToday({ scope, addNusd: usd('$5.00'), reason: 'x' }, PERSON);
    await held(ledger, call(by, '$0.90'));
    expect(await refused(ledger, call(by, '$0.20'))).toMatchObject({ window: { scope: 'global' } });
    const stranger = { scope: 'agent:none', addNusd: 1, reason: 'x' } as const;
    await expect(ledger.raiseToday(stranger, PERSON)).rejects.toMatchObject({ code: 'no-cap' });
  });

  test('wakes the jobs that wait for the cap, and no others', async () => {
    const world = await openWorld();
    await budgets(world, { [GLOBAL]: '$1.00' });
    const { ledger, jobs } = world.store;
    const at = world.clock.now() + 3_600_000;
    for (const waitReason of ['cap', 'breaker'] as const) {
      const { job, attempt, leaseToken: token } = await principal(world, waitReason);
      const back = { kind: 'returned', reason: 'x', runAfter: at, waitReason } as const;
      await jobs.settle({ job, attempt, token }, back);
    }
    const raise = await ledger.raiseToday({ scope: 'global', addNusd: 1, reason: 'x' }, PERSON);
    expect(raise.woken).toBe(1);
    await jobs.promote(86_400_000, 10);
    expect(await jobs.counts()).toMatchObject({ queued: 1, waiting: 1 });
  });

  test('that nobody signed is a difference that verify tells', async () => {
    const world = await openWorld();
    await budgets(world, { [GLOBAL]: '$1.00' });
    await held(world.store.ledger, call(await principal(world, 'a'), '$1.00'));
    sql(world).run('UPDATE budget_windows SET raised_nusd = 5 WHERE id = 1');
    expect(await world.store.ledger.verify()).toEqual([
      'global 2026-03-01: raised by $0.000000005, rows say $0.00',
    ]);
  });
});

test('a clock that is accepted is believed, and a day that comes again offers what was left', async () => {
  const world = await openWorld();
  await budgets(world, { [GLOBAL]: '$1.00' });
  const { ledger } = world.store;
  const by = await principal(world, 'a');
  await held(ledger, call(by, '$0.70'));
  const day = 24 * 3_600_000;
  world.clock.advance(400 * day);
  await held(ledger, call(by, '$0.10'));
  world.clock.stepTo(world.clock.now() - 400 * day);
  // Set back: the ledger stays where it was, a year ahead.
  expect(await standing(world, GLOBAL)).toMatchObject({ key: '2027-04-05' });
  const accepted = await ledger.acceptClock(PERSON);
  expect(accepted.beforeAt - accepted.nowAt).toBe(400 * day);
  expect(await standing(world, GLOBAL)).toMatchObject({ key: '2026-03-01' });
  expect(await refused(ledger, call(by, '$0.40'))).toMatchObject({ reason: 'cap-day' });
  await held(ledger, call(by, '$0.30'));
  expect((await world.store.audit.list(1))[0]).toMatchObject({ action: 'clock.accept' });
});

test('pages of calls are oldest first and leave none out', async () => {
  const world = await openWorld();
  await budgets(world, { [GLOBAL]: '$9.00' });
  const made: string[] = [];
  for (let i = 0; i < 5; i++) {
    made.push(await spent(world, 'settled'));
  }
  const seen: string[] = [];
  for (let after = ''; ; after = seen.at(-1)!) {
    const page = await world.store.ledger.page({ sinceAt: 0, after, limit: 2 });
    if (page.length === 0) break;
    seen.push(...page.map(({ id }) => id));
  }
  expect(seen).toEqual(made);
  const since = world.clock.now() - 2;
  expect(await world.store.ledger.page({ sinceAt: since, after: '', limit: 9 })).toHaveLength(2);
});
