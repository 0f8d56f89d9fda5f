import fc from 'fast-check';
import nodeCron from 'node-cron';
import { expect, test } from 'vitest';
import { cronMatcher } from './cron.ts';
import { dueSlots, nextSlots } from './due.ts';
import { describeSchedule } from './words.ts';

const MINUTE = 60_000;
const ZONES = ['UTC', 'America/New_York', 'Australia/Lord_Howe', 'America/Havana'];

const minute = fc.oneof(fc.nat(59).map(String), fc.constantFrom('*', '*/20', '5,35'));
const hour = fc.oneof(fc.nat(23).map(String), fc.constantFrom('*', '1-3', '*/6'));
const day = fc.constantFrom('*', '*', '1', '29-31', '15W', 'L');
const month = fc.constantFrom('*', '*', '3', '10,11', 'jan-apr');
const weekday = fc.constantFrom('*', '*', '0', '1-5', 'sun', '5L', '1#2');
const expression = fc.tuple(minute, hour, day, month, weekday).map((it) => it.join(' '));
/** Days around which one of the zones changes its clocks, and some others. */
const start = fc
  .tuple(fc.constantFrom('2026-03-07', '2026-04-03', '2026-10-02', '2026-10-31'), fc.nat(2_000))
  .map(([date, minutes]) => Date.parse(`${date}T00:00Z`) + minutes * MINUTE);

test('the walk leaps over nothing that the library says matches', async () => {
  await fc.assert(
    fc.asyncProperty(expression, fc.constantFrom(...ZONES), start, async (cron, timezone, from) => {
      const to = from + 1_800 * MINUTE;
      const slots = await dueSlots({ cron, everyMs: null, timezone }).between(from, to);
      const matcher = cronMatcher(cron, timezone);
      const minutes = Array.from({ length: 1_800 }, (_, n) => from + (n + 1) * MINUTE);
      expect(slots).toEqual(minutes.filter((at) => matcher.matches(at)));
    }),
    { numRuns: 40 },
  );
});

test('the next slots are node-cron’s own', async () => {
  const cron = '7 4 * * 1-5';
  const task = nodeCron.createTask(cron, () => undefined, { timezone: 'Europe/Berlin' });
  const now = task.getNextRuns(1)[0]!.getTime() - MINUTE;
  const slots = await nextSlots({ cron, everyMs: null, timezone: 'Europe/Berlin' }, now, 5);
  expect(slots).toEqual(task.getNextRuns(5).map((it) => it.getTime()));
});

test('a slot that comes every eight years is found, one that never comes ends the search', async () => {
  const from = Date.parse('2096-03-01T00:00Z');
  const leap = { cron: '0 12 29 2 *', everyMs: null, timezone: 'UTC' };
  expect(await nextSlots(leap, from, 1)).toEqual([Date.parse('2104-02-29T12:00Z')]);
  expect(await nextSlots({ ...leap, cron: '0 12 29 2 1#1' }, from, 1)).toEqual([]);
  const grid = { cron: null, everyMs: 30_000, timezone: 'UTC' };
  expect(await nextSlots(grid, 1, 2)).toEqual([30_000, 60_000]);
});

test('a schedule is put into words', () => {
  const words = (cron: string | null, everyMs: number | null): string =>
    describeSchedule({ cron, everyMs, timezone: 'Europe/Berlin' });
  expect(words('0 6 * * *', null)).toBe('At 06:00 (Europe/Berlin)');
  expect(words('0 6 1 * 1', null)).toMatch(/only where both days hold \(Europe\/Berlin\)$/);
  expect(words(null, 30_000)).toBe('every 30 seconds');
  expect(words(null, 3_600_000)).toBe('every hour');
});

test('looking at a schedule again and again makes nothing new', () => {
  const row = { agent: 'a', cron: '7 3 * * *', everyMs: null, timezone: 'Asia/Tokyo', cursorAt: 0 };
  const before = nodeCron.getTasks().size;
  for (let i = 0; i < 50; i++) dueSlots(row);
  expect(nodeCron.getTasks().size).toBe(before + 1);
});
