import { expect, test } from 'vitest';
import { openWorld } from '../test/world.ts';
import { createDrillStore } from './drills.ts';

const MINUTE = 60_000;

test('a drill leaves its evidence in the audit and its age for the facts', async () => {
  const { store, clock } = await openWorld();
  const drills = createDrillStore(store);
  const begun = clock.now();
  await drills.begin({ id: 'd1', name: 'cap', expiresAt: begun + MINUTE, by: 'ada' });
  expect(await drills.note('d1', 'refused', { code: 'cap-day' })).toBe(true);
  clock.advance(1_000);
  expect(await drills.end('d1', 'passed')).toBe(true);
  expect(await drills.newest()).toEqual([
    {
      id: 'd1',
      name: 'cap',
      by: 'ada',
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
  await drills.begin({ id: 'd1', name: 'cap', expiresAt: at + MINUTE, by: 'ada' });
  const second = { id: 'd2', name: 'alert', expiresAt: at + MINUTE, by: 'bob' } as const;
  await expect(drills.begin(second)).rejects.toMatchObject({ code: 'drill-running', exitCode: 75 });
  await drills.end('d1', 'passed');
  expect(await drills.end('d1', 'failed')).toBe(false);
  expect(await drills.note('d1', 'too late')).toBe(false);
  await drills.begin({ ...second, name: 'cap' });
  await drills.end('d2', 'failed');
  expect(await drills.newest()).toMatchObject([{ id: 'd2', outcome: 'failed', passedAt: at }]);
});

test("a drill that died is found at its time, and is in nobody's way then", async () => {
  const { store, clock } = await openWorld();
  const drills = createDrillStore(store);
  const at = clock.now();
  await drills.begin({ id: 'd1', name: 'breaker', expiresAt: at + MINUTE, by: 'ada' });
  expect(await drills.expired()).toEqual([]);
  clock.advance(MINUTE);
  expect((await drills.expired()).map((it) => it.id)).toEqual(['d1']);
  await drills.begin({ id: 'd2', name: 'cap', expiresAt: at + 2 * MINUTE, by: 'ada' });
  expect(await drills.end('d1', 'abandoned')).toBe(true);
});
