/**
 * Time comes from one port, so that a test can own it and so that no code ever asks SQLite.
 */
export interface Clock {
  /** Wall clock, epoch milliseconds. May step back or jump; never used to measure a duration. */
  now(): number;
  /** Milliseconds since some fixed point; never steps back. May stop while the machine sleeps. */
  monotonic(): number;
}

/** The machine's clock. The only place that reads it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
