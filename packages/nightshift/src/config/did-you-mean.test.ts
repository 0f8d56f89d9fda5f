import { expect, test } from 'vitest';
import { didYouMean, editDistance } from './did-you-mean.ts';

test.each([
  ['schedule', 'schedule', 0],
  ['shedule', 'schedule', 1],
  ['scheduel', 'schedule', 1],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
])('from %s to %s it is %i steps', (a, b, steps) => {
  expect(editDistance(a, b)).toBe(steps);
  expect(editDistance(b, a)).toBe(steps);
});

test('the nearest candidate is meant, in any case', () => {
  expect(didYouMean('PerDya', ['perDay', 'perHour'])).toBe('perDay');
});

test('a short or a strange word is not taken for another', () => {
  expect(didYouMean('x', ['every', 'z1'])).toBeNull();
  expect(didYouMean('webhooks', ['schedule', 'entry'])).toBeNull();
});
