import { manualClock } from '@nightshift/support';
import { expect, test } from 'vitest';
import { GiveUps } from './give-ups.ts';

test('a failure is known for its time, and takes no place after it', () => {
  const clock = manualClock();
  const giveUps = new GiveUps<string>(1_000, () => clock.monotonic());
  giveUps.remember('a', 'failed');
  clock.advance(999);
  giveUps.remember('b', 'failed too');
  expect(giveUps.find('a')).toBe('failed');
  clock.advance(1);
  giveUps.remember('c', 'failed as well');
  expect(giveUps.size).toBe(2);
  expect(giveUps.find('a')).toBeUndefined();
  expect(giveUps.find('b')).toBe('failed too');
});

test('of too many the oldest are forgotten', () => {
  const giveUps = new GiveUps<number>(1_000, () => 0);
  for (let n = 0; n < 1_500; n += 1) giveUps.remember(String(n), n);
  expect(giveUps.size).toBe(1_000);
  expect(giveUps.find('499')).toBeUndefined();
  expect(giveUps.find('500')).toBe(500);
});
