import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extract } from './extract.ts';

test('sentences that share their words with the others come first, in the order of the text', () => {
  const text = [
    'The scheduler writes a slot for each schedule.',
    'Lunch was late.',
    'A slot that the scheduler writes becomes a job of that schedule.',
    'The worker runs the job that the scheduler writes.',
  ].join(' ');
  const picked = extract(text, 120);
  expect(picked).toContain('A slot that the scheduler writes');
  expect(picked).not.toContain('Lunch');
});

test('lines stay lines, and the same text always gives the same answer', () => {
  const text = '- fix the parser of dates\n- fix the printer of dates\n- fix the parser of times';
  expect(extract(text, 1_000)).toBe(text);
  expect(extract(text, 60)).toBe(extract(text, 60));
});

test('any text gives a part of itself within the limit', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 200 }), (text, max) => {
      const picked = extract(text, max);
      expect(picked.length).toBeLessThanOrEqual(max);
      for (const line of picked.split('\n')) expect(text.includes(line.split(' ')[0]!)).toBe(true);
    }),
  );
});
