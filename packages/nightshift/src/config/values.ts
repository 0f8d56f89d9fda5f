import { JOB_INPUT_MAX_BYTES, parseUsd, type Json, type Nusd } from '@nightshift/domain';
import { WrongValue } from './mistakes.ts';

/** Readers of single values. Each returns what the settings hold or throws {@link WrongValue}. */

/** Caps and rates above this are a slip of the finger. */
const MAX_USD_NUSD = 1_000_000 * 1_000_000_000;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `'$1.25'` in nano-dollars, exactly. */
export function money(value: unknown): Nusd {
  const text = string(value, 'money such as "$1.25"');
  let nusd: Nusd;
  try {
    nusd = parseUsd(text);
  } catch {
    throw new WrongValue(
      `${JSON.stringify(text)} is not money: write dollars with a point, such as "$1.25"`,
    );
  }
  if (nusd > MAX_USD_NUSD) throw new WrongValue(`${text} is more than $1000000`);
  return nusd;
}

/** `'10m'` in ms, within `min` and `max` (themselves written as durations). */
export function duration(min: string, max: string): (value: unknown) => number {
  return (value) => {
    const text = string(value, 'a time such as "30s" or "10m"');
    const ms = durationMs(text);
    if (ms < durationMs(min)) throw new WrongValue(`${text} is too short: at least ${min}`);
    if (ms > durationMs(max)) throw new WrongValue(`${text} is too long: at most ${max}`);
    return ms;
  };
}

function durationMs(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (match === null) {
    throw new WrongValue(
      `${JSON.stringify(text)} is not a time: write a whole number and ms, s, m, h or d`,
    );
  }
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** A whole number from `min` to `max`. */
export function count(min: number, max: number): (value: unknown) => number {
  return (value) => {
    const n = number(min, max)(value);
    if (!Number.isSafeInteger(n)) throw new WrongValue(`${n} is not a whole number`);
    return n;
  };
}

/** A number from `min` to `max`. */
export function number(min: number, max: number): (value: unknown) => number {
  return (value) => {
    if (typeof value !== 'number' || Number.isNaN(value)) {
      throw new WrongValue(`should be a number, is ${kindOf(value)}`);
    }
    if (value < min || value > max) throw new WrongValue(`${value} is not from ${min} to ${max}`);
    return value;
  };
}

/** Text of the given form. */
export function pattern(form: RegExp, what: string): (value: unknown) => string {
  return (value) => {
    const text = string(value, what);
    if (!form.test(text)) throw new WrongValue(`${JSON.stringify(text)} is not ${what}`);
    return text;
  };
}

/** Text that is not empty. */
export function string(value: unknown, what: string): string {
  if (value === undefined) throw new WrongValue(`is missing: write ${what}`);
  if (typeof value !== 'string') throw new WrongValue(`should be ${what}, is ${kindOf(value)}`);
  if (value.trim() === '') throw new WrongValue(`is empty: write ${what}`);
  return value;
}

/** An IANA time zone. */
export function timezone(value: unknown): string {
  const name = string(value, 'a time zone such as "Europe/Berlin"');
  try {
    // An offset such as +02:00 would pass, and be wrong for half of the year.
    if (!/^[A-Za-z]/.test(name)) throw new RangeError(name);
    // Temporal, not Intl, whose first formatter costs 8 MB in every service.
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch {
    throw new WrongValue(`${JSON.stringify(name)} is not a time zone such as "Europe/Berlin"`);
  }
}

/** JSON of a bounded size, as jobs carry it. */
export function json(value: unknown): Json {
  const checked = jsonValue(value, []);
  const bytes = Buffer.byteLength(JSON.stringify(checked));
  if (bytes > JOB_INPUT_MAX_BYTES) {
    throw new WrongValue(`${bytes} bytes of JSON are more than ${JOB_INPUT_MAX_BYTES}`);
  }
  return checked;
}

function jsonValue(value: unknown, above: readonly object[]): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object') throw new WrongValue(`holds ${kindOf(value)}, which is not JSON`);
  if (above.includes(value)) throw new WrongValue('holds itself, which is not JSON');
  const inside = [...above, value];
  if (Array.isArray(value)) return value.map((item) => jsonValue(item, inside));
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null) {
    throw new WrongValue(`holds ${kindOf(value)}, which is not JSON`);
  }
  if ((value as { kind?: unknown }).kind === 'env') {
    throw new WrongValue('holds a secret: an input is stored and readable by the agent');
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, jsonValue(item, inside)]),
  );
}

/** What something is, for a sentence. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'function') return 'a function (call it)';
  if (typeof value !== 'object')
    return typeof value === 'number' ? 'a number' : `a ${typeof value}`;
  const name = (value.constructor as { name?: string } | undefined)?.name;
  return name === undefined || name === 'Object' ? 'an object' : `a ${name}`;
}
