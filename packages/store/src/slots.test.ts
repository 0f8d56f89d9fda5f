import { describe, expect, test } from 'vitest';
import type { Schedule, SlotDecision } from '@nightshift/domain';
import { enqueued, openWorld, PERSON, running, type World } from '../test/world.ts';

const NIGHTLY: Schedule = { agent: 'digest', cron: '0 6 * * *', everyMs: null, timezone: 'UTC' };

function due(at: number, key = `digest@${at}`): SlotDecision {
  return { kind: 'enqueue', at, key, input: null, maxAttempts: 3, priority: 0 };
}

async function scheduled(): Promise<World & { start: number }> {
  const world = await openWorld();
  const start = world.clock.now();
  await world.store.slots.declare([NIGHTLY], start);
  return { ...world, start };
}

describe('declare', () => {
  test('starts new and changed schedules now, keeps others, removes those that are gone', async () => {
    const { store, start } = await scheduled();
    const { slots } = store;
    const often: Schedule = { agent: 'often', cron: null, everyMs: 30_000, timezone: 'UTC' };
    await slots.declare([NIGHTLY, often], start + 100);
    expect(await slots.schedules()).toEqual([
      { ...NIGHTLY, cursorAt: start },
      { ...often, cursorAt: start + 100 },
    ]);
    const moved = { ...NIGHTLY, timezone: 'Asia/Tokyo' };
    await slots.declare([moved], start + 200);
    expect(await slots.schedules()).toEqual([{ ...moved, cursorAt: start + 200 }]);
  });
});

describe('advance', () => {
  test('writes slots, jobs and cursor together', async () => {
    const { store, start } = await scheduled();
    const decisions: SlotDecision[] = [
      { kind: 'skip-range', from: start + 1, at: start + 9, count: 9, reason: 'horizon' },
      { kind: 'skip', at: start + 10, reason: 'overlap' },
      due(start + 20),
    ];
    expect(await store.slots.advance('digest', start, start + 20, decisions)).toBe(true);
    const [job] = await store.jobs.list({ limit: 5 });
    expect(job).toMatchObject({ key: `digest@${start + 20}`, slot: start + 20, state: 'queued' });
    const rows = await store.slots.list({ agent: 'digest', limit: 5 });
    expect(rows.map((it) => [it.scheduledFor, it.status, it.reason, it.count, it.job])).toEqual([
      [start + 20, 'enqueued', null, 1, job!.id],
      [start + 10, 'skipped', 'overlap', 1, null],
      [start + 9, 'skipped', 'horizon', 9, null],
    ]);
    expect((await store.slots.schedules())[0]?.cursorAt).toBe(start + 20);
    expect(await store.slots.unfinished('digest')).toBe(1);
    expect(await store.slots.unfinished('other')).toBe(0);
  });

  test('of two schedulers at the same cursor one writes', async () => {
    const world = await scheduled();
    const { store, start } = world;
    const second = await world.other();
    const passes = [store, second, store].map((it) =>
      it.slots.advance('digest', start, start + 20, [due(start + 20)]),
    );
    expect((await Promise.all(passes)).filter(Boolean)).toHaveLength(1);
    expect(await store.jobs.list({ limit: 5 })).toHaveLength(1);
    expect(await store.slots.list({ limit: 5 })).toHaveLength(1);
  });

  test('writes nothing while halted, or when a decision cannot be written', async () => {
    const { store, start } = await scheduled();
    const { slots, control } = store;
    await control.halt('stop', PERSON);
    expect(await slots.advance('digest', start, start + 20, [due(start + 20)])).toBe(false);
    await control.resume(PERSON);
    const bad = [due(start + 10), due(start + 20, '')];
    await expect(slots.advance('digest', start, start + 20, bad)).rejects.toMatchObject({
      code: 'job-key-invalid',
    });
    expect(await slots.list({ limit: 5 })).toEqual([]);
    expect((await slots.schedules())[0]?.cursorAt).toBe(start);
  });

  test('a key that was used makes no second job', async () => {
    const world = await scheduled();
    const { store, start } = world;
    await enqueued(world, 'by-hand');
    await store.slots.advance('digest', start, start + 20, [due(start + 20, 'by-hand')]);
    expect(await store.slots.list({ limit: 5 })).toMatchObject([
      { status: 'skipped', reason: 'key-used', job: null },
    ]);
    expect(await store.jobs.list({ limit: 5 })).toHaveLength(1);
  });

  test('a slot that was decided stays decided when the cursor is set back', async () => {
    const { store, start } = await scheduled();
    const { slots } = store;
    await slots.advance('digest', start, start + 20, [due(start + 20)]);
    const before = await slots.list({ limit: 5 });
    await slots.declare([{ ...NIGHTLY, cron: '1 6 * * *' }], start);
    const again = [due(start + 20, 'another-key')];
    expect(await slots.advance('digest', start, start + 20, again)).toBe(true);
    expect(await slots.list({ limit: 5 })).toEqual(before);
    expect(await store.jobs.list({ limit: 5 })).toHaveLength(1);
  });
});

test('a job counts as unfinished only while it is', async () => {
  const world = await scheduled();
  const fence = await running(world, 'k', { slot: 5 });
  await enqueued(world, 'no-slot');
  expect(await world.store.slots.unfinished('digest')).toBe(1);
  await world.store.jobs.settle(fence, { kind: 'done' });
  expect(await world.store.slots.unfinished('digest')).toBe(0);
});
