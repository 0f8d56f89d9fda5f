import { Cron } from 'croner';
import { describe, expect, test } from 'vitest';
import { dueSlots } from './due.ts';

/**
 * A year of slots in four odd zones, beside croner, an independent reader of cron expressions.
 * Where the two differ they differ on purpose, and the differing moments stand in the table:
 *
 * - a time that the clocks jump over: croner runs it at the first moment after the gap, here that
 *   day has no such slot;
 * - named hours whose local time comes twice: croner runs them in both passes when a field is a
 *   range, here once, in the first.
 */
const YEAR = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2027-01-01T00:00:00Z')] as const;

interface Row {
  readonly zone: string;
  readonly cron: string;
  readonly slots: number;
  /** Moments only croner names. */
  readonly croner: readonly string[];
}

const NEW_YORK = 'America/New_York';
const LORD_HOWE = 'Australia/Lord_Howe';
const HAVANA = 'America/Havana';
const CHATHAM = 'Pacific/Chatham';

const GOLDEN: readonly Row[] = [
  { zone: NEW_YORK, cron: '30 2 * * *', slots: 364, croner: ['2026-03-08T07:00'] },
  { zone: NEW_YORK, cron: '30 1 * * *', slots: 365, croner: [] },
  { zone: NEW_YORK, cron: '45 2 * * 0', slots: 51, croner: ['2026-03-08T07:00'] },
  { zone: NEW_YORK, cron: '30 1-3 * * *', slots: 1094, croner: ['2026-11-01T06:30'] },
  { zone: NEW_YORK, cron: '0 0 1 * *', slots: 12, croner: [] },
  { zone: LORD_HOWE, cron: '45 1 * * *', slots: 365, croner: [] },
  { zone: LORD_HOWE, cron: '15 2 * * *', slots: 364, croner: ['2026-10-03T15:30'] },
  { zone: LORD_HOWE, cron: '45 1-3 * * *', slots: 1095, croner: ['2026-04-04T15:15'] },
  { zone: LORD_HOWE, cron: '0 6 * * 1-5', slots: 261, croner: [] },
  { zone: HAVANA, cron: '0 0 * * *', slots: 364, croner: ['2026-03-08T05:00'] },
  { zone: HAVANA, cron: '15 0 * * *', slots: 364, croner: ['2026-03-08T05:00'] },
  { zone: HAVANA, cron: '30 1 * * *', slots: 365, croner: [] },
  { zone: CHATHAM, cron: '30 3 * * *', slots: 364, croner: ['2026-09-26T14:00'] },
  { zone: CHATHAM, cron: '45 2 * * 0', slots: 51, croner: ['2026-09-26T14:00'] },
  { zone: CHATHAM, cron: '0 6 29 2 *', slots: 0, croner: [] },
];

function cronerSlots(cron: string, timezone: string, [from, to]: readonly [number, number]) {
  const oracle = new Cron(cron, { timezone, paused: true });
  const slots: number[] = [];
  for (let at = oracle.nextRun(new Date(from)); at !== null; at = oracle.nextRun(at)) {
    if (at.getTime() > to) break;
    slots.push(at.getTime());
  }
  return slots;
}

const text = (at: number): string => new Date(at).toISOString().slice(0, 16);

describe('a year of slots', () => {
  test.each(GOLDEN)('$zone $cron is as the golden table and croner say', async (row) => {
    const { zone, cron } = row;
    const ours = await dueSlots({ cron, everyMs: null, timezone: zone }).between(...YEAR);
    const theirs = cronerSlots(cron, zone, YEAR);
    const mine = new Set(ours);
    expect(ours).toHaveLength(row.slots);
    expect(theirs.filter((at) => !mine.has(at)).map(text)).toEqual(row.croner);
    expect(theirs.filter((at) => mine.has(at))).toEqual(ours);
  });

  test.each([
    [NEW_YORK, '2026-03-08T00:00Z', '2026-03-09T12:00Z'],
    [NEW_YORK, '2026-11-01T00:00Z', '2026-11-02T12:00Z'],
    [LORD_HOWE, '2026-04-04T00:00Z', '2026-04-05T12:00Z'],
    [LORD_HOWE, '2026-10-03T00:00Z', '2026-10-04T12:00Z'],
    [HAVANA, '2026-03-08T00:00Z', '2026-03-09T12:00Z'],
    [CHATHAM, '2026-04-04T00:00Z', '2026-04-05T12:00Z'],
  ])('in %s goes on each hour while the clocks change after %s', async (timezone, from, to) => {
    const span = [Date.parse(from), Date.parse(to)] as const;
    for (const cron of ['45 * * * *', '*/15 * * * *']) {
      const ours = await dueSlots({ cron, everyMs: null, timezone }).between(...span);
      expect(ours).toEqual(cronerSlots(cron, timezone, span));
    }
  });
});
