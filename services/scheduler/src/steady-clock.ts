import type { Clock } from '@nightshift/domain';

/** How long wall clock and monotonic clock must have gone together. */
const STEADY_FOR_MS = 3_600_000;
/** More than this between two looks is a step, or a sleep of the machine, and no drift. */
const STEP_MS = 10_000;

/** Tells whether the wall clock has gone on without a step for an hour of this process. */
export class SteadyClock {
  readonly #clock: Clock;
  #offset: number;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
    this.#offset = clock.now() - this.#since;
  }

  /** Looks at both clocks. Call it often: a step is what happened between two looks. */
  look(): boolean {
    const monotonic = this.#clock.monotonic();
    const offset = this.#clock.now() - monotonic;
    if (Math.abs(offset - this.#offset) > STEP_MS) this.#since = monotonic;
    this.#offset = offset;
    return monotonic - this.#since >= STEADY_FOR_MS;
  }
}
