import { expect, test } from 'vitest';
import { afterTelling, askSince, parseSeen, seenSince, seenText, unseen } from './seen.ts';

const row = (name: string, at: number) => ({ name, at });

test('a row that was stamped before the cursor and committed after it is still told', () => {
  const page = [row('b', 1_000_000)];
  const seen = afterTelling(seenSince(1_000_000, 0), page, page, 1_000_000);
  expect(askSince(seen, 1_000_000)).toBeLessThan(990_000);
  expect(unseen(seen, [row('b', 1_000_000), row('a', 999_000)])).toEqual([row('a', 999_000)]);
});

test('after a step of the clock back, what comes is asked for, and nothing is told twice', () => {
  const page = [row('a', 5_000_000)];
  const seen = afterTelling(seenSince(5_000_000, 0), page, page, 5_000_000);
  expect(askSince(seen, 1_000_000)).toBeLessThan(1_000_000);
  expect(unseen(seen, [row('a', 5_000_000), row('b', 1_000_001)])).toEqual([row('b', 1_000_001)]);
});

test('a whole page of what was told is stepped over', () => {
  const page = Array.from({ length: 50 }, (_, i) => row(`r${i}`, 1_000_000 + i));
  const told = afterTelling(seenSince(1_000_000, 0), page, page, 1_000_100);
  const next = afterTelling(told, page, unseen(told, page), 1_000_100);
  expect(askSince(next, 2_000_000)).toBe(1_000_049);
  expect(afterTelling(next, page, [], 1_000_100)).toBe(next);
});

test('survives being text, and anything else that is in its place', () => {
  const page = [row('a', 1)];
  const seen = afterTelling(seenSince(10, 10), page, page, 10);
  expect(parseSeen(seenText(seen))).toEqual(seen);
  for (const text of [null, '', '{', 'null', '{"at":"x"}']) expect(parseSeen(text)).toBeNull();
});
