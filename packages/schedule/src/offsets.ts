/** A stretch in which a zone's offset from UTC does not change. Epoch ms. */
export interface Stretch {
  readonly from: number;
  /** The first moment with another offset; infinite where the zone never changes again. */
  readonly until: number;
  readonly offsetMs: number;
}

/** Offsets of a zone, looked up once a stretch: local time is then an addition. */
export function offsetsOf(timezone: string): (atMs: number) => Stretch {
  let last: Stretch | undefined;
  return (atMs) => {
    if (last !== undefined && last.from <= atMs && atMs < last.until) return last;
    const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone);
    last = {
      from: atMs,
      until: local.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity,
      offsetMs: local.offsetNanoseconds / 1_000_000,
    };
    return last;
  };
}
