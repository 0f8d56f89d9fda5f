import { NightshiftError } from './error.ts';

/** Nesting beyond this is refused, as the agent's own JSON check does. */
const DEPTH_MAX = 100;

/**
 * One text for one JSON value: no white space, keys sorted by UTF-16 code units, strings and
 * numbers as ECMAScript writes them (RFC 8785, JSON Canonicalization Scheme). What a person
 * approves is a hash of this text, so two ways of writing one value must not differ, nor two values
 * agree.
 *
 * @throws NightshiftError `not-json` for anything that JSON cannot hold, half a surrogate pair
 * included (RFC 8785, 3.2.2.2).
 */
export function canonicalJson(value: unknown): string {
  return write(value, '', 0);
}

function write(value: unknown, place: string, depth: number): string {
  if (depth > DEPTH_MAX) throw notJson(place, 'is nested too deeply, or holds itself');
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return text(value, place);
  if (typeof value === 'number') {
    // JSON has no NaN and no infinity; -0 is written 0, as RFC 8785 says.
    if (!Number.isFinite(value)) throw notJson(place, `is ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    const items = Array.from(value, (item, i) => write(item, `${place}[${i}]`, depth + 1));
    return `[${items.join(',')}]`;
  }
  if (typeof value === 'object') return members(value, place, depth);
  throw notJson(place, `is ${typeof value}`);
}

function members(value: object, place: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw notJson(place, 'is no plain object');
  }
  // Comparing strings compares their UTF-16 code units.
  const sorted = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const written = sorted.map(
    ([key, item]) => `${text(key, place)}:${write(item, `${place}.${key}`, depth + 1)}`,
  );
  return `{${written.join(',')}}`;
}

function text(value: string, place: string): string {
  if (!value.isWellFormed()) throw notJson(place, 'holds half of a character');
  return JSON.stringify(value);
}

function notJson(place: string, why: string): NightshiftError {
  return new NightshiftError('not-json', `${place === '' ? 'the value' : place} ${why}`);
}
