import { describe, expect, test } from 'vitest';
import { budgets, call, counters, held, principal, refused, sql } from '../../test/money.ts';
import { PERSON, claimed, openWorld } from '../../test/world.ts';

const DAY = { 'global day': '$1' } as const;

describe('who may spend', () => {
  test('while halted nobody may, and a hold taken before is not sent', async () => {
    const world = await openWorld();
    const { ledger, control } = world.store;
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    const hold = await held(ledger, call(by, '$0.10'));
    await control.halt('too dear', PERSON);
    expect(await refused(ledger, call(by, '$0.10'))).toEqual({
      reason: 'halted',
      message: 'halted: too dear',
    });
    expect(await ledger.sent(hold.id)).toBe(false);
    await control.resume(PERSON);
    expect(await ledger.sent(hold.id)).toBe(true);
  });

  test('an attempt that was replaced may not, and its hold is not sent', async () => {
    const world = await openWorld();
    const { ledger, jobs } = world.store;
    await budgets(world, DAY);
    const zombie = await principal(world, 'k');
    const hold = await held(ledger, call(zombie, '$0.10'));
    const fence = { job: zombie.job, attempt: 1, token: zombie.leaseToken };
    await jobs.settle(fence, { kind: 'returned', reason: 'drain' });
    expect((await refused(ledger, call(zombie, '$0.10'))).message).toContain('queued, not running');
    await claimed(world, zombie.job);
    expect(await refused(ledger, call(zombie, '$0.10'))).toMatchObject({
      reason: 'lease-lost',
      message: expect.stringContaining('attempt 1 was replaced by attempt 2'),
    });
    expect(await ledger.sent(hold.id)).toBe(false);
  });

  test('a lease that ran out, another token, instance, agent or job: lost', async () => {
    const world = await openWorld();
    const { ledger, jobs } = world.store;
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    const impostors = [
      { ...by, leaseToken: 'guess' },
      { ...by, instance: 'worker-2' },
      { ...by, agent: 'other' },
      { ...by, job: 'none' },
      { ...by, attempt: 2 },
    ];
    for (const it of impostors) {
      expect(await refused(ledger, call(it, '$0.10'))).toMatchObject({ reason: 'lease-lost' });
    }
    const until = world.clock.now() + 1_000;
    await jobs.renew({ job: by.job, attempt: 1, token: by.leaseToken }, until);
    world.clock.advance(1_000);
    const hold = await held(ledger, call(by, '$0.10'));
    world.clock.advance(1);
    expect((await refused(ledger, call(by, '$0.10'))).message).toContain('the lease ran out');
    expect(await ledger.sent(hold.id)).toBe(false);
  });

  test('the agent of a running job may be paused', async () => {
    const world = await openWorld();
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    await world.store.control.pauseAgent('digest', PERSON);
    expect(await refused(world.store.ledger, call(by, '$0'))).toEqual({
      reason: 'agent-paused',
      message: 'agent digest is paused',
    });
  });

  test('a refusal leaves nothing behind, not even an opened window', async () => {
    const world = await openWorld();
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    await refused(world.store.ledger, call(by, '$2'));
    const db = sql(world);
    expect(db.all('SELECT * FROM spend')).toEqual([]);
    expect(db.all('SELECT * FROM budget_windows')).toEqual([]);
    expect(db.one('SELECT high_at FROM control')).toEqual({ high_at: 0 });
  });

  test.each([
    ['never written', 'BEFORE INSERT', 'SELECT RAISE(IGNORE)'],
    ['lost at once', 'AFTER INSERT', 'DELETE FROM budget_windows WHERE id = NEW.id'],
  ])('a window row that is %s admits nothing', async (_, when, body) => {
    const world = await openWorld();
    await budgets(world, { ...DAY, 'global month': '$1' });
    const by = await principal(world, 'k');
    const month = `NEW.window = 'month'`;
    sql(world).exec(
      `CREATE TRIGGER lose ${when} ON budget_windows WHEN ${month} BEGIN ${body}; END`,
    );
    await expect(world.store.ledger.reserve(call(by, '$0.10'))).rejects.toMatchObject({
      code: 'window-missing',
    });
    expect(sql(world).all('SELECT id FROM spend')).toEqual([]);
    expect(await counters(world, 'global day')).toEqual([0, 0, 0]);
  });
});

describe('sent', () => {
  test('a hold leaves once, while it is fresh', async () => {
    const world = await openWorld();
    const { ledger } = world.store;
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    const hold = await held(ledger, call(by, '$0.10'));
    world.clock.advance(5_000);
    expect(await ledger.sent(hold.id)).toBe(true);
    expect(await ledger.sent(hold.id)).toBe(false);
    const [row] = await ledger.spendRows({ limit: 1 });
    expect(row?.sentAt).toBe(world.clock.now());

    const stale = await held(ledger, call(by, '$0.10'));
    world.clock.advance(5_001);
    expect(await ledger.sent(stale.id)).toBe(false);
    const ended = await held(ledger, call(by, '$0.10'));
    await ledger.end(ended.id, { outcome: 'aborted' });
    expect(await ledger.sent(ended.id)).toBe(false);
    expect(await ledger.sent('none')).toBe(false);
  });

  test('a clock that was set back says nothing about the age of a hold', async () => {
    const world = await openWorld();
    await budgets(world, DAY);
    const by = await principal(world, 'k');
    const hold = await held(world.store.ledger, call(by, '$0.10'));
    world.clock.stepTo(world.clock.now() - 3_600_000);
    expect(await world.store.ledger.sent(hold.id)).toBe(false);
  });
});
