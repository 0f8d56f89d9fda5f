import { expect, test } from 'vitest';
import { didYouMean } from './did-you-mean.ts';

test('a name with one or two wrong letters is recognised', () => {
  const known = ['digest', 'watch', 'inbox-triage'];
  expect(didYouMean('digset', known)).toBe('digest');
  expect(didYouMean('Digest', known)).toBe('digest');
  expect(didYouMean('wach', known)).toBe('watch');
});

test('a name that is like none of them brings no guess', () => {
  expect(didYouMean('backup', ['digest', 'watch'])).toBeNull();
  expect(didYouMean('ab', ['xy'])).toBeNull();
  expect(didYouMean('anything', [])).toBeNull();
});
