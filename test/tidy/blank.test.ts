import { expect, test } from 'vitest';
import { blank } from './blank.ts';

const squeezed = (text: string): string => text.replaceAll(/ +/g, ' ').trim();

test.each([
  ["a('it is // no comment') // but this is", "a(' ')"],
  ['a("quote \\" inside") + b', 'a(" ") + b'],
  ['`text ${call("x")} more ${`inner ${deep}`} end` + b', '` ${call(" ")} ${` ${deep}`} ` + b'],
  ['a; /* one\ntwo */ code', 'a; \n code'],
  ["const slash = /['\"/]/g; const b = 'c'", "const slash = / /g; const b = ' '"],
  ['const half = a / b; // c', 'const half = a / b;'],
  ['`${{ a: 1 }.a}` + { b }', '`${{ a: 1 }.a}` + { b }'],
])('%s', (text, expected) => {
  expect(squeezed(blank(text).code)).toBe(expected);
});

test('positions hold, also behind an emoji', () => {
  const text = "const a = '🌙'; // 🌙\nDate.now()";
  expect(blank(text).code.indexOf('Date.now')).toBe(text.indexOf('Date.now'));
  expect(blank(text).withStrings).toContain("'🌙'");
});
