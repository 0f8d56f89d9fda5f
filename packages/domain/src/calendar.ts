/**
 * Names of the budget windows that a moment falls into, in the operator's time zone.
 *
 * A day is the operator's calendar day, so it has 23, 24 or 25 hours; an hour is a UTC hour,
 * because local hours repeat in autumn and a repeated name would reopen a spent window or close a
 * fresh one.
 */
export interface WindowKeys {
  readonly hour: string;
  readonly day: string;
  readonly month: string;
}

/** Keys for `atMs` in `timezone` (IANA name). @throws RangeError for an unknown zone. */
export function windowKeys(atMs: number, timezone: string): WindowKeys {
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone);
  const day = local.toPlainDate().toString();
  return {
    hour: `${new Date(atMs).toISOString().slice(0, 13)}Z`,
    day,
    month: day.slice(0, 7),
  };
}

/** When the window after `atMs`'s opens, epoch ms: when a job refused by its cap may ask again. */
export function windowEnd(kind: 'hour' | 'day' | 'month', atMs: number, timezone: string): number {
  if (kind === 'hour') return (Math.floor(atMs / 3_600_000) + 1) * 3_600_000;
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone);
  const next =
    kind === 'day'
      ? local.toPlainDate().add({ days: 1 })
      : local.toPlainDate().with({ day: 1 }).add({ months: 1 });
  return next.toZonedDateTime(timezone).epochMilliseconds;
}
