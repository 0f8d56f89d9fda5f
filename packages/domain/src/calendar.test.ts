import { describe, expect, test } from 'vitest';
import { windowEnd, windowKeys } from './calendar.ts';

describe('budget windows', () => {
  test('are named by the operator’s day, not by UTC', () => {
    const at = Date.parse('2026-11-22T15:30:00Z');
    expect(windowKeys(at, 'Asia/Tokyo')).toEqual({
      hour: '2026-11-22T15Z',
      day: '2026-11-23',
      month: '2026-11',
    });
    expect(windowKeys(at, 'America/New_York').day).toBe('2026-11-22');
  });

  test('last 23 and 25 hours on the days when the clocks change', () => {
    const zone = 'Europe/Berlin';
    const spring = Date.parse('2026-03-28T23:00:00Z');
    const autumn = Date.parse('2026-10-24T22:00:00Z');
    expect(windowEnd('day', spring, zone) - spring).toBe(23 * 3_600_000);
    expect(windowEnd('day', autumn, zone) - autumn).toBe(25 * 3_600_000);
  });

  test('an hour has one name although the clock shows it twice', () => {
    const first = Date.parse('2026-11-01T05:30:00Z');
    const second = Date.parse('2026-11-01T06:30:00Z');
    const zone = 'America/New_York';
    expect(windowKeys(first, zone).hour).not.toBe(windowKeys(second, zone).hour);
  });

  test('a month ends where the next begins', () => {
    const at = Date.parse('2026-12-31T22:00:00Z');
    expect(windowEnd('month', at, 'UTC')).toBe(Date.parse('2027-01-01T00:00:00Z'));
    expect(windowKeys(windowEnd('month', at, 'Asia/Tokyo'), 'Asia/Tokyo').day).toBe('2027-02-01');
  });
});
