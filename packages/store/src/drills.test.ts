import { DRILLS } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { openWorld } from '../test/world.ts';
import { createDrillStore } from './drills.ts';

const MINUTE = 60_000;

test('a drill leaves its evidence in the audit and its age for the facts', async () => {
  const { store, clock } = await openWorld();
  const drills = createDrillStore(store);
  const begun = clock.now();
  await drills.begin({
    id: 'd1',
    name: 'cap',
    expiresAt: begun + MINUTE,
    by: 'ada',
    process: null,
  });
  expect(await drills.note('d1', 'refused', { code: 'cap-day' })).toBe(true);
  clock.advance(1_000);
  expect(await drills.end('d1', 'passed')).toBe(true);
  expect(await drills.newest()).toEqual([
    {
      id: 'd1',
      name: 'cap',
      by: 'ada',
      process: null,
      outcome: 'passed',
      startedAt: begun,
      endedAt: begun + 1_000,
      expiresAt: begun + MINUTE,
      passedAt: begun + 1_000,
      notes: [{ at: begun, note: 'refused' }],
    },
  ]);
  const rows = await store.audit.list(10);
  expect(rows.map((it) => it.action).toReversed()).toEqual([
    'drill.begin',
    'drill.note',
    'drill.end',
  ]);
});

test('one at a time; what ended cannot be ended again; a failure does not hide the last pass', async () => {
  const { store, clock } = await openWorld();
  const drills = createDrillStore(store);
  const at = clock.now();
  await drills.begin({ id: 'd1', name: 'cap', expiresAt: at + MINUTE, by: 'ada', process: null });
  const second = {
    id: 'd2',
    name: 'alert',
    expiresAt: at + MINUTE,
    by: 'bob',
    process: null,
  } as const;
  await expect(drills.begin(second)).rejects.toMatchObject({ code: 'drill-running', exitCode: 75 });
  await drills.end('d1', 'passed');
  expect(await drills.end('d1', 'failed')).toBe(false);
  expect(await drills.note('d1', 'too late')).toBe(false);
  await drills.begin({ ...second, name: 'cap' });
  await drills.end('d2', 'failed');
  expect(await drills.newest()).toMatchObject([{ id: 'd2', outcome: 'failed', passedAt: at }]);
});

test("a drill that died is in nobody's way once its time is over", async () => {
  const { store, clock } = await openWorld();
  const drills = createDrillStore(store);
  const at = clock.now();
  await drills.begin({
    id: 'd1',
    name: 'breaker',
    expiresAt: at + MINUTE,
    by: 'ada',
    process: null,
  });
  clock.advance(MINUTE);
  await drills.begin({
    id: 'd2',
    name: 'cap',
    expiresAt: at + 2 * MINUTE,
    by: 'ada',
    process: null,
  });
  expect(await drills.end('d1', 'abandoned')).toBe(true);
});

test('drills are waited for since the one that ran the longest ago, or never', async () => {
  const { store, clock } = await openWorld();
  const drills = createDrillStore(store);
  const installedAt = clock.now();
  expect(await drills.allBegunSince()).toBe(installedAt);
  clock.advance(MINUTE);
  const first = clock.now();
  for (const name of DRILLS) {
    const expiresAt = clock.now() + MINUTE;
    expect(await drills.allBegunSince()).toBe(installedAt);
    await drills.begin({ id: name, name, expiresAt, by: 'ada', process: null });
    await drills.end(name, 'passed');
    clock.advance(1_000);
  }
  expect(await drills.allBegunSince()).toBe(first);
});
