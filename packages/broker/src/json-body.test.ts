import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBody } from './json-body.ts';

const parse = (text: string): unknown => parseBody(Buffer.from(text), 10_000);

test.each([
  ['{"a":1,"a":2}', 'a: the key is there twice'],
  ['{"x":{"a":1,"b":[{"c":1,"c":1}]}}', 'x.b[0].c: the key is there twice'],
  ['{"a":1,"\\u0061":2}', 'a: the key is there twice'],
  ['{"__proto__":{}}', '__proto__: this key is not allowed'],
  ['{"a":[0,{"__pr\\u006fto__":1}]}', 'a[1].__proto__: this key is not allowed'],
  ['{"a":1', 'body: is not JSON'],
  ['', 'body: is not JSON'],
  ['[', 'body: is not JSON'],
  [`${'['.repeat(65)}${']'.repeat(65)}`, 'nested deeper than 64'],
  [`"${'x'.repeat(10_000)}"`, 'more than the limit of 10000'],
])('%s is refused', (text, message) => {
  expect(() => parse(text)).toThrow(message);
});

test('bytes that are not UTF-8 are refused', () => {
  expect(() => parseBody(Buffer.from([0x22, 0xff, 0x22]), 100)).toThrow('not valid UTF-8');
  expect(() => parseBody(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 100)).toThrow('UTF-8');
});

test('keys that look alike in text, values and other objects are no repetition', () => {
  const text = '{"a":"\\"a\\":1,{","b":{"a":1},"c":[{"a":1},{"a":2}],"":0,"\\\\":1}';
  expect(parse(text)).toEqual(JSON.parse(text));
});

test('whatever JSON.stringify writes is read back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      fc.pre(!text.includes('__proto__'));
      expect(parseBody(Buffer.from(text), 1_000_000)).toEqual(JSON.parse(text));
    }),
  );
});

test('a key that stands twice anywhere is found', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue({ maxDepth: 2 }), fc.nat(3), (key, value, depth) => {
      fc.pre(key !== '__proto__' && !JSON.stringify(value).includes('__proto__'));
      const twice = `{${JSON.stringify(key)}:${JSON.stringify(value)},${JSON.stringify(key)}:1}`;
      const text = '[0,'.repeat(depth) + twice + ']'.repeat(depth);
      expect(() => parseBody(Buffer.from(text), 1_000_000)).toThrow('the key is there twice');
    }),
  );
});
