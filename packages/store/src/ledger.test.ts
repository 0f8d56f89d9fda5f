import { describe, expect, test } from 'vitest';
import { budgets, call, counters, held, principal, refused, sql, standing } from '../test/money.ts';
import { claimed, openWorld } from '../test/world.ts';

const DAY = { 'global day': '$1' } as const;

describe('reserve', () => {
  test('a call that fits is held in every window it counts in', async () => {
    const world = await openWorld();
    const { ledger } = world.store;
    const caps = ['global hour', 'global day', 'global month', 'agent:digest day'];
    const jobCap = 'agent:digest job';
    await budgets(world, Object.fromEntries([...caps, jobCap].map((it) => [it, '$1'])));
    const by = await principal(world, 'k');
    const request = call(by, '$0.20', { step: 'read', ordinal: 3 });
    const hold = await held(ledger, request);
    expect(hold).toEqual({ id: hold.id, takenAt: world.clock.now(), boundNusd: 200_000_000 });
    for (const name of [...caps, jobCap]) {
      expect(await counters(world, name)).toEqual([0, 200_000_000, 0]);
    }
    expect(await ledger.spendRows({ limit: 9 })).toEqual([
      {
        id: hold.id,
        job: by.job,
        attempt: 1,
        agent: 'digest',
        step: 'read',
        ordinal: 3,
        endpoint: 'local',
        model: 'small',
        priceVersion: 'table-1',
        boundNusd: 200_000_000,
        actualNusd: null,
        state: 'held',
        outcome: null,
        usage: null,
        takenAt: hold.takenAt,
        sentAt: null,
        endedAt: null,
      },
    ]);
    expect(await ledger.verify()).toEqual([]);
    const events = await world.store.events.since(0, 99);
    expect(events.at(-1)).toMatchObject({ kind: 'spend.held', ref: by.job });
  });

  test('a call fits exactly, and one nano-dollar more does not', async () => {
    const world = await openWorld();
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    const { ledger } = world.store;
    expect(await refused(ledger, call(by, '$1.000000001'))).toMatchObject({ reason: 'cap-day' });
    await held(ledger, call(by, '$1'));
    expect(await refused(ledger, call(by, '$0.000000001'))).toMatchObject({ reason: 'cap-day' });
    await held(ledger, call(by, '$0'));
    expect(await counters(world, 'global day')).toEqual([0, 1_000_000_000, 0]);
  });

  test('what does not fit is refused with all its numbers and never shrunk', async () => {
    const world = await openWorld();
    const { ledger } = world.store;
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    const settled = await held(ledger, call(by, '$0.50'));
    await ledger.end(settled.id, { outcome: 'answered', actualNusd: 400_000_000 });
    const cut = await held(ledger, call(by, '$0.20'));
    await ledger.end(cut.id, { outcome: 'cut' });
    await held(ledger, call(by, '$0.30'));
    expect(await refused(ledger, call(by, '$0.40'))).toEqual({
      reason: 'cap-day',
      message:
        'a call that may cost $0.40 does not fit the day 2026-03-01: ' +
        'cap $1.00, settled $0.40, held $0.30, presumed $0.20',
      until: Date.parse('2026-03-02T00:00:00Z'),
      window: {
        scope: 'global',
        window: 'day',
        key: '2026-03-01',
        capNusd: 1_000_000_000,
        settledNusd: 400_000_000,
        heldNusd: 300_000_000,
        presumedNusd: 200_000_000,
      },
    });
    expect(await counters(world, 'global day')).toEqual([400_000_000, 300_000_000, 200_000_000]);
    expect(await ledger.spendRows({ limit: 9 })).toHaveLength(3);
  });

  test('without a budget for the day nothing that costs is admitted', async () => {
    const world = await openWorld();
    const { ledger } = world.store;
    const by = await principal(world, 'k');
    const refusal = await refused(ledger, call(by, '$0.000000001'));
    expect(refusal.message).toContain('cap $0.00 (none is configured), settled $0.00');
    expect(refusal.window).toMatchObject({ scope: 'global', window: 'day', capNusd: 0 });
    await held(ledger, call(by, '$0'));
    expect(await standing(world, 'global day')).toMatchObject({ capNusd: 0, heldNusd: 0 });
  });

  test.each([
    ['global hour', 'cap-hour', 'hour 2026-03-01T00Z', '2026-03-01T01:00:00Z'],
    ['global month', 'cap-month', 'month 2026-03', '2026-04-01T00:00:00Z'],
    ['agent:digest day', 'cap-day', 'day 2026-03-01 of agent digest', '2026-03-02T00:00:00Z'],
    ['agent:digest job', 'cap-job', 'of agent digest: cap $0.10', null],
    ['agent:digest call', 'cap-call', 'the cap of one call of agent digest: cap $0.10', null],
    ['global call', 'cap-call', 'the cap of one call: cap $0.10', null],
  ])('the cap of %s refuses as %s', async (name, reason, words, until) => {
    const world = await openWorld();
    await budgets(world, { ...DAY, [name]: '$0.10' });
    const by = await principal(world, 'k');
    const refusal = await refused(world.store.ledger, call(by, '$0.11'));
    expect(refusal).toMatchObject({ reason, message: expect.stringContaining(words) });
    expect(refusal.until).toBe(until === null ? undefined : Date.parse(until));
    await held(world.store.ledger, call(by, '$0.10'));
  });

  test('of several full windows the one that stays shut longest is named', async () => {
    const world = await openWorld();
    await budgets(world, { 'global hour': '$1', 'global day': '$1', 'global month': '$1' });
    const by = await principal(world, 'k');
    expect(await refused(world.store.ledger, call(by, '$2'))).toMatchObject({
      reason: 'cap-month',
      until: Date.parse('2026-04-01T00:00:00Z'),
    });
  });

  test("another agent's caps do not count, and the job's cap counts all its attempts", async () => {
    const world = await openWorld();
    const { ledger, jobs } = world.store;
    await budgets(world, { ...DAY, 'agent:digest job': '$0.30', 'agent:other day': '$0.01' });
    const first = await principal(world, 'k');
    const hold = await held(ledger, call(first, '$0.20'));
    await ledger.end(hold.id, { outcome: 'timeout' });
    const fence = { job: first.job, attempt: 1, token: first.leaseToken };
    await jobs.settle(fence, { kind: 'returned', reason: 'drain' });
    const again = await claimed(world, first.job);
    const second = { ...first, attempt: again.attempt, leaseToken: again.token };
    expect(await refused(ledger, call(second, '$0.20'))).toMatchObject({
      reason: 'cap-job',
      window: { key: first.job, presumedNusd: 200_000_000 },
    });
    await held(ledger, call(second, '$0.10'));
  });

  test('a bound that is no amount of money is an error, not a call', async () => {
    const world = await openWorld();
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    for (const boundNusd of [-1, 0.5, Number.NaN, 2 ** 53]) {
      await expect(world.store.ledger.reserve(call(by, '$0', { boundNusd }))).rejects.toMatchObject(
        {
          code: 'bad-money',
        },
      );
    }
  });
});

describe('budgets', () => {
  test('the newest configuration owns the caps, whole', async () => {
    const world = await openWorld();
    const { ledger } = world.store;
    const day = (capNusd: number) => [{ scope: 'global', window: 'day', capNusd } as const];
    const hour = { scope: 'global', window: 'hour', capNusd: 1 } as const;
    expect(await ledger.setBudgets([...day(5), hour], 20, 'UTC')).toBe(true);
    expect(await ledger.setBudgets(day(9), 10, 'Asia/Tokyo')).toBe(false);
    expect(await ledger.windows()).toMatchObject([{ capNusd: 1 }, { capNusd: 5 }]);
    expect(await ledger.setBudgets(day(7), 20, 'UTC')).toBe(true);
    expect(await ledger.windows()).toMatchObject([{ capNusd: 7, key: '2026-03-01' }]);
    const kinds = (await world.store.events.since(0, 99)).map((it) => it.kind);
    expect(kinds).toEqual(['budgets.replaced', 'budgets.replaced']);
  });

  test('a lower cap counts at once, also for what is spent already', async () => {
    const world = await openWorld();
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    await held(world.store.ledger, call(by, '$0.50'));
    await budgets(world, { 'global day': '$0.40' });
    expect(await refused(world.store.ledger, call(by, '$0'))).toMatchObject({ reason: 'cap-day' });
  });

  test.each([
    ['bad-budget', [{ scope: 'global', window: 'day', capNusd: -1 }], 'UTC'],
    ['bad-budget', [{ scope: 'global', window: 'day', capNusd: 0.5 }], 'UTC'],
    ['bad-timezone', [], 'Mars/Olympus'],
  ] as const)('%s is refused before anything is written', async (code, rows, timezone) => {
    const world = await openWorld();
    await budgets(world, DAY);
    const set = world.store.ledger.setBudgets(rows, 9_999_999, timezone);
    await expect(set).rejects.toMatchObject({ code });
    expect(await standing(world, 'global day')).toMatchObject({ capNusd: 1_000_000_000 });
  });

  test('two caps for one window are a mistake', async () => {
    const { store } = await openWorld();
    const day = { scope: 'global', window: 'day', capNusd: 1 } as const;
    await expect(store.ledger.setBudgets([day, day], 1, 'UTC')).rejects.toThrow('two caps');
  });
});

describe('reading', () => {
  test('totals by agent, model and day; rows of a job', async () => {
    const world = await openWorld();
    const { ledger } = world.store;
    await budgets(world, { 'global day': '$10' });
    const digest = await principal(world, 'a');
    const other = await principal(world, 'b', { agent: 'other' });
    const one = await held(ledger, call(digest, '$0.30'));
    await ledger.end(one.id, { outcome: 'answered', actualNusd: 7 });
    world.clock.advance(24 * 3_600_000);
    await held(ledger, call(other, '$0.20', { model: 'large' }));
    const cut = await held(ledger, call(digest, '$0.10'));
    await ledger.end(cut.id, { outcome: 'cut' });
    expect(await ledger.totals('agent', 0)).toEqual([
      { name: 'other', calls: 1, settledNusd: 0, heldNusd: 200_000_000, presumedNusd: 0 },
      { name: 'digest', calls: 2, settledNusd: 7, heldNusd: 0, presumedNusd: 100_000_000 },
    ]);
    expect((await ledger.totals('model', 0)).map((it) => it.name)).toEqual(['large', 'small']);
    expect((await ledger.totals('day', 0)).map((it) => [it.name, it.calls])).toEqual([
      ['2026-03-02', 2],
      ['2026-03-01', 1],
    ]);
    expect(await ledger.totals('day', world.clock.now())).toHaveLength(1);
    const rows = await ledger.spendRows({ job: digest.job, limit: 9 });
    expect(rows.map((it) => it.state)).toEqual(['presumed', 'settled']);
    expect(await ledger.spendRows({ limit: 1 })).toHaveLength(1);
  });

  test('a counter that does not equal its rows is a sentence', async () => {
    const world = await openWorld();
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    await held(world.store.ledger, call(by, '$0.10'));
    sql(world).run(`UPDATE budget_windows SET held_nusd = 1, settled_nusd = 2`);
    expect(await world.store.ledger.verify()).toEqual([
      'global day 2026-03-01: settled $0.000000002, rows say $0.00; ' +
        'held $0.000000001, rows say $0.10',
    ]);
    sql(world).run('DELETE FROM budget_windows');
    expect(await world.store.ledger.verify()).toEqual([
      expect.stringContaining('of 2026-03-01 counts in a window that has no row'),
    ]);
  });
});
