/**
 * A clock that moves only when the test says so. It has the shape of the domain's `Clock`, which is
 * not imported here so that the domain's own tests can use this package without a circle.
 */
export interface ManualClock {
  now(): number;
  monotonic(): number;
  /** Time passes: both readings move forward by `ms`. */
  advance(ms: number): void;
  /** Somebody sets the wall clock (a step, a sleep's end): `monotonic()` does not notice. */
  stepTo(epochMs: number): void;
}

/** Starts at `start` (epoch ms, a Date, or an ISO string); `monotonic()` starts at 0. */
export function manualClock(start: number | string | Date = '2026-01-01T00:00:00Z'): ManualClock {
  let wall = typeof start === 'number' ? start : new Date(start).getTime();
  if (!Number.isFinite(wall)) throw new Error(`not a time: ${String(start)}`);
  let elapsed = 0;
  return {
    now: () => wall,
    monotonic: () => elapsed,
    advance(ms) {
      if (ms < 0) throw new Error('time does not pass backwards: use stepTo');
      wall += ms;
      elapsed += ms;
    },
    stepTo(epochMs) {
      wall = epochMs;
    },
  };
}
