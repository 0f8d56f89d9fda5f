import { expect, test } from 'vitest';
import { median, quantile, rounded, summarise } from './statistics.ts';

test('a quantile lies between its two nearest samples, whatever their order', () => {
  expect(quantile([40, 10, 20, 30], 0)).toBe(10);
  expect(quantile([40, 10, 20, 30], 1)).toBe(40);
  expect(quantile([40, 10, 20, 30], 0.5)).toBe(25);
  expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 0.9)).toBe(10);
  expect(quantile([7], 0.99)).toBe(7);
});

test('the samples themselves stay in their order', () => {
  const samples = [3, 1, 2];
  median(samples);
  expect(samples).toEqual([3, 1, 2]);
});

test('nothing is said about no samples or an impossible share', () => {
  expect(() => median([])).toThrow('no samples');
  expect(() => quantile([1], 1.5)).toThrow('1.5 is not a share');
  expect(() => quantile([1], Number.NaN)).toThrow('NaN is not a share');
});

test('a summary holds the median, the spread, the worst and the count', () => {
  const samples = Array.from({ length: 101 }, (_, n) => n);
  expect(summarise(samples)).toEqual({ median: 50, low: 10, high: 90, max: 100, count: 101 });
});

test('numbers are rounded to three digits, not to places', () => {
  expect([1234.5, 0.012345, 9.999, 0].map(rounded)).toEqual([1230, 0.0123, 10, 0]);
});
