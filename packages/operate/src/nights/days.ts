/** One day of the operator: 23, 24 or 25 hours. */
export interface DaySpan {
  /** As `2026-11-22`. */
  readonly day: string;
  /** First moment, epoch ms. */
  readonly fromAt: number;
  /** First moment of the next day, epoch ms. */
  readonly untilAt: number;
}

/**
 * The last `count` whole days before the one that `now` lies in, and that one, oldest first.
 * @throws RangeError for a zone that does not exist
 */
export function daysUntil(now: number, count: number, timezone: string): readonly DaySpan[] {
  const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timezone);
  const today = local.toPlainDate();
  return Array.from({ length: count + 1 }, (_, i) => {
    const date = today.subtract({ days: count - i });
    const startOf = (it: Temporal.PlainDate): number =>
      it.toZonedDateTime(timezone).epochMilliseconds;
    return {
      day: date.toString(),
      fromAt: startOf(date),
      untilAt: startOf(date.add({ days: 1 })),
    };
  });
}
