import type { Stretch } from './offsets.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The fields of an expression as the library parsed them. */
export interface CronFields {
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  /** Text for what depends on the month: `L`, `15W`, `5L`, `1#2`. */
  readonly dayOfMonth: readonly (number | string)[];
  readonly month: readonly number[];
  readonly dayOfWeek: readonly (number | string)[];
}

/**
 * Finds the next minute at which an expression may hold, by leaping over whole local days and hours
 * that its fields rule out. It only ever leaps over minutes that cannot match; whether one does is
 * for the library to say. @returns a function of `(from, limit)`: a minute at or after `from`, or
 * null when there is none up to `limit`.
 */
export function candidates(
  fields: CronFields,
  offsetAt: (atMs: number) => Stretch,
): (from: number, limit: number) => number | null {
  const minutes = new Set(fields.minute);
  const hours = new Set(fields.hour);
  const months = new Set(fields.month);
  const days = numbersOnly(fields.dayOfMonth);
  const weekdays = numbersOnly(fields.dayOfWeek);

  const dayMayMatch = (local: Date): boolean =>
    months.has(local.getUTCMonth() + 1) &&
    (days?.has(local.getUTCDate()) ?? true) &&
    (weekdays?.has(local.getUTCDay()) ?? true);

  return (from, limit) => {
    let at = upToMinute(from);
    while (at <= limit) {
      const { offsetMs, until } = offsetAt(at);
      const localMs = at + offsetMs;
      const local = new Date(localMs);
      if (!dayMayMatch(local)) at = leap(at, localMs, DAY_MS, until);
      else if (!hours.has(local.getUTCHours())) at = leap(at, localMs, HOUR_MS, until);
      else if (!minutes.has(local.getUTCMinutes())) at += MINUTE_MS;
      else return at;
    }
    return null;
  };
}

/** To the next local day or hour, but not past a change of the clocks. */
function leap(at: number, localMs: number, unitMs: number, until: number): number {
  const next = at + unitMs - (((localMs % unitMs) + unitMs) % unitMs);
  return upToMinute(Math.min(next, until));
}

function upToMinute(at: number): number {
  return Math.ceil(at / MINUTE_MS) * MINUTE_MS;
}

/** Null when a value says more than a number: then every day has to be asked about. */
function numbersOnly(values: readonly (number | string)[]): ReadonlySet<number> | null {
  const numbers = values.filter((it) => typeof it === 'number');
  return numbers.length === values.length ? new Set(numbers) : null;
}
