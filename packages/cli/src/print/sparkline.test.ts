import { expect, test } from 'vitest';
import { sparkline } from './sparkline.ts';

test('bars rise with the numbers, and nothing is not a low bar', () => {
  expect(sparkline([0, 1, 50, 100])).toBe('·▁▄█');
  expect(sparkline([5, 5])).toBe('██');
  expect(sparkline([1e-9, 1e9])).toBe('▁█');
  expect(sparkline([0, 0])).toBe('··');
  expect(sparkline([])).toBe('');
});
