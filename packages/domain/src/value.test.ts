import { expect, test } from 'vitest';
import { savedPerReport } from './value.ts';

test('a tenth of an hour is a tenth of the rate, to the nano-dollar', () => {
  expect(savedPerReport(0.1, 60_000_000_000)).toBe(6_000_000_000);
  expect(savedPerReport(0.3, 10_000_000_001)).toBe(3_000_000_000);
  expect(savedPerReport(0, 60_000_000_000)).toBe(0);
});
