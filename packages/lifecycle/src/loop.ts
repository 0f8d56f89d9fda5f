import { NightshiftError, backoffMs, toError, type Clock } from '@nightshift/domain';
import type { Beats, LoopBeatState } from './beats.ts';
import { HALT_LOOK_MS, type HaltWatch } from './halt-watch.ts';
import type { Log } from './logger.ts';
import type { Work } from './service-context.ts';
import type { Sleeper } from './sleeper.ts';

export interface LoopOptions {
  readonly beats: Beats;
  readonly state: LoopBeatState;
  readonly halt: HaltWatch;
  readonly clock: Clock;
  readonly log: Log;
  readonly sleeper: Sleeper;
  readonly worksWhileHalted: boolean;
}

/** The one loop of a service: it looks for a halt, beats, lets the work do a pass, and sleeps. */
export interface Loop {
  /**
   * One turn. @returns how long to sleep, ms.
   * @throws what a pass threw, unless a retry can help.
   */
  turn(work: Work): Promise<number>;
  /** Turns until `signal` aborts. @throws as {@link turn}. */
  run(work: Work, signal: AbortSignal): Promise<void>;
  /** Beats until `promise` settles or `limitMs` have passed. @returns false when time ran out. */
  beatWhile(promise: Promise<unknown>, limitMs?: number): Promise<boolean>;
  /** The next turn does a pass, however long the last one asked to sleep. */
  wake(): void;
}

/** Passes that failed and may be tried again: 100 ms, 200 ms ... at most 5 s apart. */
const PASS_BACKOFF = { baseMs: 100, factor: 2, maxMs: 5_000 };

/** The loop of one life. */
export function serviceLoop(options: LoopOptions): Loop {
  const { beats, state, halt, clock, sleeper, worksWhileHalted } = options;
  const passes = passTimer(options);
  const observeHalt = haltEdge(options, () => passes.now());
  const turn = async (work: Work): Promise<number> => {
    state.turned();
    const look = async (): Promise<void> => observeHalt(work, await halt.look());
    observeHalt(work, await halt.lookIfDue());
    await meanwhile(beats.writeIfDue(), look);
    const works = !halt.halted || worksWhileHalted;
    if (works) await meanwhile(passes.passIfDue(work), look);
    // What the pass began after the halt was seen has not heard of it.
    if (works && !worksWhileHalted && halt.halted) observeHalt.again(work);
    const waits = [beats.dueInMs()];
    // Who works on all the same need not get up to learn of a halt.
    if (!worksWhileHalted) waits.push(halt.dueInMs());
    if (works) waits.push(passes.dueInMs());
    return Math.min(...waits);
  };
  return {
    turn,
    async run(work, signal) {
      const wake = (): void => sleeper.wake();
      signal.addEventListener('abort', wake);
      try {
        state.cover(null);
        while (!signal.aborted) await sleeper.sleep(await turn(work));
      } finally {
        signal.removeEventListener('abort', wake);
      }
    },
    async beatWhile(promise, limitMs = Number.POSITIVE_INFINITY) {
      const endAt = clock.monotonic() + limitMs;
      let settled = false;
      const done = (): void => {
        settled = true;
        sleeper.wake();
      };
      void promise.catch(() => undefined).finally(done);
      for (;;) {
        await Promise.resolve();
        if (settled) return true;
        const leftMs = endAt - clock.monotonic();
        if (leftMs <= 0) return false;
        state.turned();
        await beats.writeIfDue();
        await sleeper.sleep(Math.min(beats.dueInMs(), leftMs));
      }
    },
    wake() {
      passes.now();
      sleeper.wake();
    },
  };
}

/**
 * Waits for what may stand behind somebody's lock for seconds, and looks for a halt meanwhile, as
 * often as ever: the work in flight has to end in time, whoever holds a lock.
 */
async function meanwhile(busy: Promise<void>, look: () => Promise<void>): Promise<void> {
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, HALT_LOOK_MS);
  try {
    await busy;
  } finally {
    clearInterval(timer);
  }
}

/** Tells the work once when a halt begins, and lets it pass at once when it is over. */
function haltEdge(options: LoopOptions, resume: () => void) {
  const { state, halt, log } = options;
  let was = false;
  // Not waited for: beats and looks go on while work in flight ends.
  const again = (work: Work): void => {
    work.halted?.().catch((error: unknown) => {
      log.error('halt-failed', 'work in flight did not end cleanly', { error: toError(error) });
    });
  };
  const observe = (work: Work, halted: boolean): void => {
    if (halted === was) return;
    was = halted;
    if (!options.worksWhileHalted) state.cover(halted ? 'halted' : null);
    if (!halted) {
      log.info('resumed', 'no longer halted');
      return resume();
    }
    log.warn('halted', 'halted', { reason: halt.reason });
    again(work);
  };
  return Object.assign(observe, { again });
}

/** When the next pass is due, and what a failed pass means. */
function passTimer({ clock, log }: LoopOptions) {
  let dueAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  const failed = (thrown: unknown): void => {
    const error = toError(thrown);
    if (!(error instanceof NightshiftError) || !error.retryable) throw error;
    failures++;
    const waitMs = backoffMs(PASS_BACKOFF, failures, () => 1);
    dueAt = clock.monotonic() + waitMs;
    log.warn('pass-failed', 'a pass failed and will be tried again', { error, failures, waitMs });
  };
  return {
    now() {
      dueAt = Number.NEGATIVE_INFINITY;
    },
    dueInMs: () => Math.max(0, dueAt - clock.monotonic()),
    async passIfDue(work: Work) {
      if (clock.monotonic() < dueAt) return;
      // Before the pass: a wake during it asks for another one.
      dueAt = Number.POSITIVE_INFINITY;
      try {
        const sleepMs = await work.poll();
        failures = 0;
        dueAt = Math.min(dueAt, clock.monotonic() + Math.max(0, sleepMs));
      } catch (thrown) {
        failed(thrown);
      }
    },
  };
}
