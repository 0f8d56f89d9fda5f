import { describe, expect, test } from 'vitest';
import { DEFAULT_RETENTION, slotKey, type SlotDecision } from '@nightshift/domain';
import { newJob, openWorld, PERSON, type World } from '../../test/world.ts';
import { connectionOf } from '../store-connection.ts';

const HOURLY = { agent: 'digest', cron: '0 * * * *', everyMs: null, timezone: 'UTC' };

function enqueue(at: number): SlotDecision {
  const key = slotKey('digest', at);
  return { kind: 'enqueue', at, key, input: null, maxAttempts: 3, priority: 0 };
}

describe('slots that are old', () => {
  const DAY = 86_400_000;
  const ages = { ...DEFAULT_RETENTION, slotsMs: 10 * DAY, jobsMs: 10 * DAY };

  async function fold(world: World): Promise<void> {
    while ((await world.store.retention.prune(ages, 2)).more);
  }

  /** What is known of slots, by agent: rows one by one, and counts of days. */
  function known(world: World): unknown {
    const { db } = connectionOf(world.store);
    const rows = db.one<{ n: number }>('SELECT coalesce(sum(count), 0) AS n FROM slots')!.n;
    const days = db.all('SELECT status, reason, sum(count) AS n FROM slot_days GROUP BY 1, 2');
    return { rows, days };
  }

  test('become counts of their day, and are decided no second time', async () => {
    const world = await openWorld();
    const { slots, jobs } = world.store;
    const start = world.clock.now();
    await slots.declare([HOURLY], start);
    const made = enqueue(start + 10);
    await slots.advance('digest', start, start + 60, [
      made,
      { kind: 'skip', at: start + 20, reason: 'overlap' },
      { kind: 'skip-range', from: start + 30, at: start + 60, count: 3, reason: 'beyond-horizon' },
    ]);
    world.clock.advance(11 * DAY);
    await fold(world);
    // The job of the oldest slot is still there, so nothing after it may be folded.
    expect(known(world)).toEqual({ rows: 5, days: [] });
    const keys = 'SELECT key FROM job_keys';
    expect(connectionOf(world.store).db.all(keys)).toHaveLength(1);
    await jobs.cancel((await jobs.list({ limit: 1 }))[0]!.id, PERSON);
    world.clock.advance(11 * DAY);
    await fold(world);
    expect(known(world)).toEqual({
      rows: 0,
      days: [
        { status: 'enqueued', reason: '', n: 1 },
        { status: 'skipped', reason: 'beyond-horizon', n: 3 },
        { status: 'skipped', reason: 'overlap', n: 1 },
      ],
    });
    expect(connectionOf(world.store).db.all(keys)).toEqual([]);
    // The clock is set back and somebody declares the schedule anew: the mark knows better.
    world.clock.stepTo(start);
    await slots.declare([{ ...HOURLY, timezone: 'Europe/Berlin' }], start);
    const { key } = made as { key: string };
    await expect(jobs.enqueue(newJob(key), PERSON)).rejects.toMatchObject({
      code: 'job-key-invalid',
    });
    expect(await slots.advance('digest', start, start + 60, [made])).toBe(true);
    expect(await jobs.list({ limit: 9 })).toEqual([]);
    expect(known(world)).toMatchObject({ rows: 0 });
  });

  test('stay one by one while the cursor has not passed them', async () => {
    const world = await openWorld();
    const { slots } = world.store;
    const start = world.clock.now();
    await slots.declare([HOURLY], start);
    await slots.advance('digest', start, start + 20, [
      { kind: 'skip', at: start + 20, reason: 'overlap' },
      { kind: 'skip', at: start + 40, reason: 'overlap' },
    ]);
    world.clock.advance(11 * DAY);
    await fold(world);
    expect(known(world)).toMatchObject({ rows: 1 });
  });
});

describe('a schedule that ran ahead with its clock', () => {
  test('gives back what was skipped ahead, and keeps what made a job', async () => {
    const world = await openWorld();
    const { slots, events } = world.store;
    const start = world.clock.now();
    await slots.declare([HOURLY], start);
    await slots.advance('digest', start, start + 900, [
      { kind: 'skip', at: start + 100, reason: 'overlap' },
      {
        kind: 'skip-range',
        from: start + 200,
        at: start + 600,
        count: 5,
        reason: 'beyond-horizon',
      },
      { kind: 'skip', at: start + 800, reason: 'catch-up-latest' },
      enqueue(start + 900),
    ]);
    expect(await slots.rewind('digest', start + 899, start + 300)).toBe(false);
    expect(await slots.rewind('digest', start + 900, start + 300)).toBe(true);
    // To before the range, which holds slots of before and after now.
    expect((await slots.schedules())[0]?.cursorAt).toBe(start + 199);
    const left = await slots.list({ limit: 9 });
    expect(left.map((it) => it.scheduledFor - start)).toEqual([900, 100]);
    expect((await events.since(0, 99)).at(-1)).toMatchObject({
      kind: 'schedule.rewound',
      data: { from: start + 900, to: start + 199, reopened: 2 },
    });
    // A cursor that is not ahead stays.
    expect(await slots.rewind('digest', start + 199, start + 300)).toBe(false);
  });
});
