import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

const KNOWN = ['a.b', 'a.c'];

test('without arguments everything runs, as a table', () => {
  expect(readOptions([], KNOWN)).toEqual({
    json: false,
    write: false,
    rounds: 3,
    only: null,
  });
});

test('ids come in one list or in several, and pnpm’s separator is no argument', () => {
  const argv = ['--', '--json', '--only', 'a.b,a.c', '--only', 'a.b', '--rounds', '7'];
  expect(readOptions(argv, KNOWN)).toEqual({
    json: true,
    write: false,
    rounds: 7,
    only: ['a.b', 'a.c', 'a.b'],
  });
});

test.each([
  [['--only', 'a.x'], 'no benchmark a.x; there are: a.b, a.c'],
  [['--rounds', '0'], '--rounds is a whole number from 1 to 100, not 0'],
  [['--rounds', 'many'], 'not many'],
  [['--fast'], '--fast'],
  [['--write', '--only', 'a.b'], 'the whole table'],
])('%j is refused', (argv, message) => {
  expect(() => readOptions(argv, KNOWN)).toThrow(message);
});
