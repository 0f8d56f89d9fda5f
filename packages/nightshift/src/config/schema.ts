import { z } from 'zod';
import { didYouMean } from './did-you-mean.ts';
import { WrongValue, type Mistakes, type Path } from './mistakes.ts';
import { kindOf } from './values.ts';

/**
 * The pieces of the schema. Zod composes objects and lists and keeps the paths; what a single value
 * means is a plain function that returns it or throws {@link WrongValue}. Each part of a
 * configuration is checked on its own, so that a mistake in one agent hides none in the next.
 */

/** A value read by `read`. */
export function leaf<T>(read: (value: unknown) => T) {
  return z.unknown().transform((value, ctx): T => {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      ctx.issues.push({ code: 'custom', message: error.message, input: value });
      return z.NEVER;
    }
  });
}

/** One of these words. */
export function oneOf<const T extends readonly string[]>(words: T) {
  return leaf((value): T[number] => {
    const known: readonly string[] = words;
    if (typeof value === 'string' && known.includes(value)) return value;
    const list = words.map((word) => JSON.stringify(word)).join(', ');
    const meant = typeof value === 'string' ? didYouMean(value, words) : null;
    const is = typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
    throw new WrongValue(
      meant === null ? `is ${is}, not one of ${list}` : `is ${is}; did you mean "${meant}"?`,
    );
  });
}

/** An object with these keys and no others. */
export function closed<const T extends z.core.$ZodShape>(shape: T, what = 'an object') {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return `should be ${what}, is ${kindOf(issue.input)}`;
      const keys = (issue as unknown as { readonly keys: readonly string[] }).keys;
      return JSON.stringify(keys.map((key) => [key, unknownKey(key, Object.keys(shape))]));
    },
  });
}

/** What to say about a key that does not belong. */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = didYouMean(key, known);
  return meant === null
    ? `is not known here; known are ${known.join(', ')}`
    : `is not known here; did you mean "${meant}"?`;
}

/** A list of `item`. */
export function list<T extends z.ZodType>(item: T) {
  return z.array(item, { error: (issue) => `should be a list, is ${kindOf(issue.input)}` });
}

/**
 * Checks one part; its mistakes go on the list, under `path`. @returns undefined with a mistake.
 */
export function check<T extends z.ZodType>(
  schema: T,
  value: unknown,
  path: Path,
  found: Mistakes,
): z.output<T> | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const at = [...path, ...(issue.path as Path)];
    if (issue.code !== 'unrecognized_keys') {
      found.add(at, issue.message);
      continue;
    }
    const keys = JSON.parse(issue.message) as [string, string][];
    for (const [key, message] of keys) found.add([...at, key], message);
  }
  return undefined;
}

/** The entries of an object whose keys are names chosen by the operator. */
export function entriesOf(
  value: unknown,
  what: string,
  path: Path,
  found: Mistakes,
): readonly (readonly [string, unknown])[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value);
  }
  found.add(path, value === undefined ? `is missing: write ${what}` : `should be ${what}`);
  return [];
}
