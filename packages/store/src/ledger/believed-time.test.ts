import { describe, expect, test } from 'vitest';
import type { Principal } from '@nightshift/domain';
import { budgets, call, held, principal, refused, standing } from '../../test/money.ts';
import { openWorld, type World } from '../../test/world.ts';

const HOUR = 3_600_000;

async function at(
  time: string,
  timezone: string,
  caps: Record<string, `$${number}`> = { 'global day': '$1' },
): Promise<{ world: World; by: Principal }> {
  const world = await openWorld();
  world.clock.stepTo(Date.parse(time));
  await budgets(world, caps, timezone);
  return { world, by: await principal(world, 'k') };
}

/** The window a call of a tenth of a cent is booked in now. */
async function keyNow(world: World, by: Principal, window = 'day'): Promise<string> {
  await held(world.store.ledger, call(by, '$0.001'));
  return (await standing(world, `global ${window}`)).key;
}

describe('the window a call belongs to', () => {
  test('is that of its reserve in the zone of the operator, also when it ends a day later', async () => {
    const { world, by } = await at('2026-03-01T14:59:59Z', 'Asia/Tokyo');
    const { ledger } = world.store;
    const { id } = await held(ledger, call(by, '$1'));
    world.clock.advance(6_000);
    expect(await standing(world, 'global day')).toMatchObject({ key: '2026-03-02', heldNusd: 0 });
    await ledger.end(id, { outcome: 'answered', actualNusd: 5 });
    expect(await standing(world, 'global day')).toMatchObject({ settledNusd: 0, heldNusd: 0 });
    expect((await ledger.totals('day', 0))[0]).toMatchObject({
      name: '2026-03-01',
      settledNusd: 5,
    });
    await held(ledger, call(by, '$1'));
    expect(await ledger.verify()).toEqual([]);
  });

  test.each([
    ['spring, 23 hours', '2026-03-28T23:00:00Z', 23],
    ['autumn, 25 hours', '2026-10-24T22:00:00Z', 25],
  ])('a day of %s is one window', async (_, midnight, hours) => {
    const { world, by } = await at(midnight, 'Europe/Berlin');
    const { ledger } = world.store;
    const start = world.clock.now();
    const first = await keyNow(world, by);
    await held(ledger, call(by, '$0.999'));
    world.clock.stepTo(start + hours * HOUR - 1);
    expect(await refused(ledger, call(by, '$0.001'))).toMatchObject({
      reason: 'cap-day',
      until: start + hours * HOUR,
    });
    world.clock.stepTo(start + hours * HOUR);
    expect(await keyNow(world, by)).not.toBe(first);
  });

  test('an hour is named once, also where the clocks go back', async () => {
    const { world, by } = await at('2026-10-25T00:30:00Z', 'Europe/Berlin', {
      'global day': '$1',
      'global hour': '$0.001',
    });
    expect(await keyNow(world, by, 'hour')).toBe('2026-10-25T00Z');
    await refused(world.store.ledger, call(by, '$0.001'));
    world.clock.advance(HOUR);
    expect(await keyNow(world, by, 'hour')).toBe('2026-10-25T01Z');
  });

  test('the month turns over in the zone of the operator', async () => {
    const { world, by } = await at('2026-01-31T22:59:59Z', 'Europe/Berlin', {
      'global day': '$1',
      'global month': '$1',
    });
    expect(await keyNow(world, by, 'month')).toBe('2026-01');
    world.clock.advance(1_000);
    expect(await keyNow(world, by, 'month')).toBe('2026-02');
  });
});

describe('a clock that steps', () => {
  test('back by a day does not reopen a day, spent or not', async () => {
    const { world, by } = await at('2026-03-10T00:00:10Z', 'UTC');
    const { ledger } = world.store;
    await held(ledger, call(by, '$1'));
    for (const back of [20_000, HOUR, 24 * HOUR, 11 * HOUR]) {
      world.clock.stepTo(Date.parse('2026-03-10T00:00:10Z') - back);
      expect(await refused(ledger, call(by, '$0.001'))).toMatchObject({
        window: { key: '2026-03-10' },
      });
    }
    world.clock.stepTo(Date.parse('2026-03-11T00:00:00Z'));
    expect(await keyNow(world, by)).toBe('2026-03-11');
  });

  test('is not believed on the word of a call that was refused', async () => {
    const { world, by } = await at('2026-03-10T12:00:00Z', 'UTC');
    world.clock.stepTo(Date.parse('2026-03-12T12:00:00Z'));
    await refused(world.store.ledger, call(by, '$2'));
    world.clock.stepTo(Date.parse('2026-03-11T12:00:00Z'));
    expect(await keyNow(world, by)).toBe('2026-03-11');
  });

  test('years ahead and back makes the day stand still for an hour, not for years', async () => {
    const { world, by } = await at('2026-03-10T12:00:00Z', 'UTC');
    const { ledger } = world.store;
    const start = world.clock.now();
    await held(ledger, call(by, '$0.60'));
    world.clock.stepTo(Date.parse('2036-03-10T12:00:00Z'));
    await held(ledger, call(by, '$1'));
    world.clock.stepTo(start);
    const shut = { reason: 'cap-day', window: { key: '2036-03-10' } };
    expect(await refused(ledger, call(by, '$0.001'))).toMatchObject(shut);
    world.clock.stepTo(start + HOUR - 1);
    expect(await refused(ledger, call(by, '$0.001'))).toMatchObject(shut);
    world.clock.stepTo(start + HOUR);
    expect(await refused(ledger, call(by, '$0.41'))).toMatchObject({
      window: { key: '2026-03-10', heldNusd: 600_000_000 },
    });
    await held(ledger, call(by, '$0.40'));
    const kinds = (await world.store.events.since(0, 99)).map((it) => it.kind);
    expect(kinds.filter((it) => it === 'clock.believed')).toHaveLength(1);
    expect(await ledger.verify()).toEqual([]);
  });

  test('far back is timed anew when it steps back again, or when it had recovered', async () => {
    const { world, by } = await at('2026-03-10T12:00:00Z', 'UTC');
    const { ledger } = world.store;
    const start = world.clock.now();
    await held(ledger, call(by, '$1'));
    const bookedAt = async (time: number): Promise<string | undefined> => {
      world.clock.stepTo(time);
      return (await refused(ledger, call(by, '$2'))).window?.key;
    };
    expect(await bookedAt(start - 40 * HOUR)).toBe('2026-03-10');
    expect(await bookedAt(start - 48 * HOUR)).toBe('2026-03-10');
    expect(await bookedAt(start - 47.5 * HOUR)).toBe('2026-03-10');
    world.clock.stepTo(start + 48 * HOUR);
    await held(ledger, call(by, '$1'));
    expect(await bookedAt(start)).toBe('2026-03-12');
    expect(await bookedAt(start + HOUR)).toBe('2026-03-10');
  });
});
