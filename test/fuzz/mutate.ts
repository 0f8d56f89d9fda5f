import fc from 'fast-check';

/** One change of a text: where, how much goes, and what comes how often. */
interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
  readonly times: number;
}

const MAX_CHARS = 200_000;

/** What breaks readers of anything: ends, escapes, marks that are not seen, numbers at an edge. */
const EVIL = [
  '\0',
  '\u001b[2J',
  '\u001b]0;x\u0007',
  '\u202e',
  '\u200b',
  '\ufeff',
  '\ud800',
  '\u2028',
  '\r',
  '\n',
  '\r\n\r\n',
  '"',
  "'",
  '\\',
  '`',
  '<',
  '>',
  '&',
  '%',
  '$',
  '{',
  '}',
  '[',
  ']',
  '*',
  '(',
  ':',
  ',',
  '-1',
  '0',
  '1e999',
  '9007199254740993',
  '18446744073709551616',
  'NaN',
  'null',
  'true',
  '__proto__',
  'constructor',
  '../',
  'A',
  ' ',
] as const;

/** Texts that are nearly one of the samples. `words` are what this format is made of. */
export function mutatedText(
  samples: readonly string[],
  words: readonly string[] = [],
): fc.Arbitrary<string> {
  const insert = fc.oneof(
    fc.constantFrom(...EVIL, ...words),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(...samples).map((it) => it.slice(0, 200)),
  );
  const times = fc.oneof(
    { weight: 20, arbitrary: fc.constant(1) },
    { weight: 3, arbitrary: fc.integer({ min: 2, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1_000, max: 20_000 }) },
  );
  const edit: fc.Arbitrary<Edit> = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
    insert: fc.oneof(fc.constant(''), insert),
    times,
  });
  const edits = fc.array(edit, { maxLength: 6 });
  return fc
    .tuple(fc.constantFrom(...samples), edits)
    .map(([sample, changes]) => changes.reduce(apply, sample));
}

/** As {@link mutatedText}, in UTF-8, with some bytes that are none. */
export function mutatedBytes(
  samples: readonly string[],
  words: readonly string[] = [],
): fc.Arbitrary<Uint8Array> {
  const flip = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  return fc
    .tuple(mutatedText(samples, words), fc.array(flip, { maxLength: 4 }))
    .map(([text, flips]) => {
      const bytes = Buffer.from(text);
      for (const [at, value] of flips) if (bytes.length > 0) bytes[at % bytes.length] = value;
      return new Uint8Array(bytes);
    });
}

/** Where to cut bytes: they arrive in pieces, and nobody promises which. */
export const cuts = fc.oneof(
  fc.constant(Number.POSITIVE_INFINITY),
  fc.integer({ min: 1, max: 7 }),
  fc.integer({ min: 8, max: 4_096 }),
);

/** The bytes in pieces of `size`. */
export function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  if (size >= bytes.length) return [bytes];
  const list: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) list.push(bytes.subarray(at, at + size));
  return list;
}

function apply(text: string, { at, remove, insert, times }: Edit): string {
  const from = Math.floor(at * text.length);
  const most = insert === '' ? 0 : Math.floor(MAX_CHARS / insert.length);
  const added = insert.repeat(Math.min(times, most));
  return `${text.slice(0, from)}${added}${text.slice(from + remove)}`.slice(0, 2 * MAX_CHARS);
}
