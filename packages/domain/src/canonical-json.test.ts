import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, type Json } from './index.ts';

test('keys are sorted by code units at every depth, and nothing else is moved', () => {
  const value = {
    b: [3, { z: 1, a: 2 }],
    '\u20ac': 1,
    '\r': 2,
    a: null,
    '\ud83d\ude02': 3,
    '1': 4,
  };
  expect(canonicalJson(value)).toBe(
    '{"\\r":2,"1":4,"a":null,"b":[3,{"a":2,"z":1}],"\u20ac":1,"\ud83d\ude02":3}',
  );
});

test('numbers are written as RFC 8785 shows them', () => {
  const numbers = [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27, -0, 1e21, 1e-7, 2 ** 53];
  expect(canonicalJson(numbers)).toBe(
    '[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21,1e-7,9007199254740992]',
  );
});

test('a key called __proto__ is a key like others', () => {
  const value = JSON.parse('{"__proto__":{"x":1},"a":1}') as Json;
  expect(canonicalJson(value)).toBe('{"__proto__":{"x":1},"a":1}');
});

test.each([
  ['NaN', Number.NaN],
  ['undefined inside', { a: undefined }],
  ['a date', new Date(0)],
  ['half of a character', '\ud800'],
  ['half of a character in a key', { '\udfff': 1 }],
  ['a function', () => 1],
  ['a hole in a list', Array.from({ length: 1 })],
])('%s is refused', (_what, value) => {
  expect(() => canonicalJson(value)).toThrow(/is|holds/);
});

test('a value that holds itself is refused', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(() => canonicalJson(circle as Json)).toThrow('nested too deeply');
});

test('the same value has one text, whatever order its keys came in, and the text is that value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const written = canonicalJson(value);
      const read = JSON.parse(written) as Json;
      expect(canonicalJson(read)).toBe(written);
      expect(canonicalJson(reversed(value as Json))).toBe(written);
    }),
  );
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => reversed(item as Json));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, item]) => [key, reversed(item)]));
}
