import { EXIT, toError, type Clock, type DrillStore } from '@nightshift/domain';
import type { Log } from '@nightshift/lifecycle';
import { dueSlots } from '@nightshift/schedule';

/** Between two looks: a schedule names minutes. */
const LOOK_MS = 60_000;
/** After this time drills that were not possible are tried again ... */
const AGAIN_MS = 10 * 60_000;
/** ... and after this time they wait for the next slot. */
const GIVE_UP_MS = 3 * 3_600_000;
/** A slot that passed while the machine was off is made up for, but not one of long ago. */
const BACK_MS = 7 * 24 * 3_600_000;
/** Exits that mean: not now. */
const NOT_NOW: ReadonlySet<number> = new Set([EXIT.tryAgain, EXIT.refused]);

export interface DrillTimerParts {
  readonly cron: string;
  readonly timezone: string;
  readonly clock: Clock;
  readonly drills: Pick<DrillStore, 'allBegunSince'>;
  /**
   * Runs what was not run since `sinceAt` (epoch ms), in a process of its own: two of the drills end
   * or halt the services. @returns its exit code
   */
  readonly run: (sinceAt: number) => Promise<number>;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

/**
 * Starts the drills when they are due. What is due is read off their own evidence, so there is no
 * cursor to lose: a slot lies behind us, and a drill has not begun since.
 */
export class DrillTimer {
  readonly #parts: DrillTimerParts;
  #lookAt = Number.NEGATIVE_INFINITY;
  #busy = false;
  /** What could not be run yet, and until when (monotonic) it is tried. */
  #left: { readonly slot: number; readonly untilAt: number } | null = null;

  constructor(parts: DrillTimerParts) {
    this.#parts = parts;
  }

  /** Looks if it is time to, and runs what is due. Ends with the drills; never rejects. */
  async look(): Promise<void> {
    const { clock, log } = this.#parts;
    const now = clock.monotonic();
    if (this.#busy || now < this.#lookAt) return;
    this.#busy = true;
    this.#lookAt = now + LOOK_MS;
    try {
      const slot = await this.#due();
      if (slot !== null) await this.#run(slot);
    } catch (error) {
      log.warn('drills-not-begun', 'it will be tried again', { error: toError(error) });
    } finally {
      this.#busy = false;
    }
  }

  async #due(): Promise<number | null> {
    if (this.#left !== null) return this.#left.slot;
    const { cron, timezone, clock, drills } = this.#parts;
    const now = clock.now();
    const from = Math.max(await drills.allBegunSince(), now - BACK_MS);
    if (from >= now) return null;
    const slots = await dueSlots({ cron, everyMs: null, timezone }).between(from, now);
    return slots.at(-1) ?? null;
  }

  async #run(slot: number): Promise<void> {
    const { clock, log, run } = this.#parts;
    const untilAt = this.#left?.untilAt ?? clock.monotonic() + GIVE_UP_MS;
    log.info('drills-begin', 'the drills are due');
    const exitCode = await run(slot);
    const isLeft = NOT_NOW.has(exitCode) && clock.monotonic() < untilAt;
    this.#left = isLeft ? { slot, untilAt } : null;
    if (isLeft) this.#lookAt = clock.monotonic() + AGAIN_MS;
    if (exitCode === EXIT.ok) log.info('drills-end', 'every drill that could be run has passed');
    else log.warn('drills-end', 'not every drill has passed: see status', { exitCode });
  }
}
