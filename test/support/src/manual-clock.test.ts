import { expect, test } from 'vitest';
import { manualClock } from './manual-clock.ts';

test('stands still, moves when told, and steps without the monotonic reading noticing', () => {
  const clock = manualClock('2026-03-01T00:00:00Z');
  const start = Date.UTC(2026, 2, 1);
  expect([clock.now(), clock.monotonic()]).toEqual([start, 0]);
  clock.advance(1_500);
  expect([clock.now(), clock.monotonic()]).toEqual([start + 1_500, 1_500]);
  clock.stepTo(0);
  expect([clock.now(), clock.monotonic()]).toEqual([0, 1_500]);
});

test('refuses what is not a time, and time that passes backwards', () => {
  expect(() => manualClock('yesterday')).toThrow('not a time');
  expect(() => manualClock(0).advance(-1)).toThrow('stepTo');
});
