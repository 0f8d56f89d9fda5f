import type { ScheduleRow } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { checkCron } from './cron.ts';
import { dueSlots } from './due.ts';

function schedule(over: Partial<ScheduleRow>): ScheduleRow {
  return { agent: 'a', cron: null, everyMs: null, timezone: 'UTC', cursorAt: 0, ...over };
}

async function slots(row: Partial<ScheduleRow>, from: string, to: string): Promise<string[]> {
  const due = await dueSlots(schedule(row)).between(Date.parse(from), Date.parse(to));
  return due.map((at) => new Date(at).toISOString().slice(0, 16));
}

const newYork = { timezone: 'America/New_York' };

describe('the slots of a schedule', () => {
  test('lie after the cursor and up to now, so that no slot is in two passes', async () => {
    const row = { cron: '0 * * * *' };
    expect(await slots(row, '2026-01-01T00:00Z', '2026-01-01T02:00Z')).toEqual([
      '2026-01-01T01:00',
      '2026-01-01T02:00',
    ]);
  });

  test('do not exist that day when the clocks jump over them in spring', async () => {
    const row = { ...newYork, cron: '30 2 * * *' };
    expect(await slots(row, '2026-03-07T12:00Z', '2026-03-10T00:00Z')).toEqual([
      '2026-03-09T06:30',
    ]);
  });

  test('exist once when the clocks repeat them in autumn', async () => {
    const row = { ...newYork, cron: '30 1 * * *' };
    expect(await slots(row, '2026-10-31T12:00Z', '2026-11-02T00:00Z')).toEqual([
      '2026-11-01T05:30',
    ]);
  });

  test('go on through both passes when they are every hour', async () => {
    const row = { ...newYork, cron: '30 * * * *' };
    expect(await slots(row, '2026-11-01T05:00Z', '2026-11-01T08:00Z')).toEqual([
      '2026-11-01T05:30',
      '2026-11-01T06:30',
      '2026-11-01T07:30',
    ]);
  });

  test('follow half-hour changes and odd offsets', async () => {
    const lordHowe = { timezone: 'Australia/Lord_Howe', cron: '0 6 * * *' };
    expect(await slots(lordHowe, '2026-04-03T00:00Z', '2026-04-06T00:00Z')).toEqual([
      '2026-04-03T19:00',
      '2026-04-04T19:30',
      '2026-04-05T19:30',
    ]);
  });

  test('of a fixed grid are multiples of its period, wherever the walk begins', async () => {
    const row = { everyMs: 30_000 };
    const due = await dueSlots(schedule(row)).between(95_000, 150_000);
    expect(due).toEqual([120_000, 150_000]);
    expect(await dueSlots(schedule(row)).next(95_000, 1e9)).toBe(120_000);
  });

  test('are found ahead, or not at all within the limit', async () => {
    const due = dueSlots(schedule({ cron: '0 6 * * *' }));
    const from = Date.parse('2026-01-01T07:00Z');
    expect(await due.next(from, from + 86_400_000)).toBe(Date.parse('2026-01-02T06:00Z'));
    expect(await due.next(from, from + 3_600_000)).toBeNull();
  });
});

describe('a cron expression', () => {
  test('is five valid fields', () => {
    expect(checkCron('*/5 9-17 * * 1-5')).toBeNull();
    expect(checkCron('61 * * * *')).toMatch(/minute/);
    expect(checkCron('* * * * * *')).toMatch(/five fields/);
  });
});
