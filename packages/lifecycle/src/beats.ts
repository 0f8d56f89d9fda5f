import {
  EXIT,
  NightshiftError,
  toError,
  type Beat,
  type Clock,
  type InstanceStore,
  type Phase,
  type Times,
} from '@nightshift/domain';
import type { Log } from './logger.ts';

/** What the next beat says. */
export interface BeatState {
  /** Some work moved: a claim, a step, a commit, a chunk of a stream. */
  progress(): void;
  /**
   * A call is in flight that may be silent until `deadline` (epoch ms). Of several, the one that
   * may be silent longest is shown. Call the result when it has ended.
   */
  inflight(kind: string, deadline: number): () => void;
  /**
   * What the service is doing; the loop itself says `starting`, `halted`, `draining`, `stopped`.
   */
  phase(phase: Extract<Phase, 'idle' | 'working'>): void;
  snapshot(): Beat;
}

/** The loop's side of {@link BeatState}. */
export interface LoopBeatState extends BeatState {
  /** Bumped by the loop itself and by nothing else: a timer would beat for a wedged loop. */
  turned(): void;
  /** Covers the service's own phase until it is null again. */
  cover(phase: Phase | null): void;
}

/** The counters of one life. */
export function beatState(): LoopBeatState {
  let [loopSeq, progressSeq] = [0, 0];
  let own: Phase = 'idle';
  let covered: Phase | null = 'starting';
  const calls = new Set<{ readonly kind: string; readonly deadline: number }>();
  return {
    progress() {
      progressSeq++;
    },
    inflight(kind, deadline) {
      const call = { kind, deadline };
      calls.add(call);
      return () => void calls.delete(call);
    },
    phase(phase) {
      own = phase;
    },
    turned() {
      loopSeq++;
    },
    cover(phase) {
      covered = phase;
    },
    snapshot() {
      const longest = [...calls].sort((a, b) => b.deadline - a.deadline)[0];
      return {
        loopSeq,
        progressSeq,
        phase: covered ?? own,
        inflightKind: longest?.kind ?? null,
        inflightDeadline: longest?.deadline ?? null,
      };
    },
  };
}

/** Writes beats. Called by the loop, so that a beat means a turn of the loop. */
export interface Beats {
  /** Milliseconds until a beat has to be written, 0 when it has. */
  dueInMs(): number;
  /**
   * Writes a beat if it is time for one, and at once when the boot is over: a service that starts
   * may be silent for longer than one that runs.
   * @throws NightshiftError `beat-unwritable` (75) when none could be written for `silentMs`: a
   * service that nobody can see must not go on working.
   */
  writeIfDue(): Promise<void>;
}

export interface BeatsOptions {
  readonly instance: string;
  readonly state: BeatState;
  readonly times: Pick<Times, 'beatMs' | 'silentMs'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Null while there is no store. */
  readonly instances: () => Promise<InstanceStore | null>;
  /** False for the watchdog: it tells people that the database is gone, so it stays. */
  readonly fatal: boolean;
}

/** A failed beat is tried again this soon, ms. */
const BEAT_RETRY_MS = 250;
/**
 * A loop that is awake anyway beats this part of the interval early, and gets up for a beat alone
 * only this part late: so beats, looks for a halt and passes share their getting up.
 */
const EARLY = 0.15;
const LATE = 0.05;

/** A writer of beats for one life. */
export function beats(options: BeatsOptions): Beats {
  const { instance, state, times, clock, log, fatal } = options;
  let due = { fromAt: clock.monotonic(), byAt: clock.monotonic() };
  let goodAt = clock.monotonic();
  let failures = 0;
  let written: Phase | null = null;
  const bootIsOver = (): boolean =>
    written === 'starting' && state.snapshot().phase !== 'starting' && failures === 0;
  const failed = (error: Error): void => {
    failures++;
    const againAt = clock.monotonic() + Math.min(times.beatMs, BEAT_RETRY_MS);
    due = { fromAt: againAt, byAt: againAt };
    if (failures === 1) log.warn('beat-failed', 'the beat could not be written', { error });
    if (fatal && clock.monotonic() - goodAt > times.silentMs) throw unwritable(times, error);
  };
  return {
    dueInMs: () => Math.max(0, due.byAt - clock.monotonic()),
    async writeIfDue() {
      if (clock.monotonic() < due.fromAt && !bootIsOver()) return;
      try {
        const store = await options.instances();
        if (store === null) throw new Error('there is no open database');
        const beat = state.snapshot();
        await store.beat(instance, beat, times.silentMs);
        written = beat.phase;
      } catch (error) {
        return failed(toError(error));
      }
      if (failures > 0) log.info('beat-again', 'beats are written again', { failures });
      failures = 0;
      goodAt = clock.monotonic();
      const { beatMs } = times;
      due = { fromAt: goodAt + beatMs * (1 - EARLY), byAt: goodAt + beatMs * (1 + LATE) };
    },
  };
}

function unwritable(times: Pick<Times, 'silentMs'>, cause: Error): NightshiftError {
  return new NightshiftError(
    'beat-unwritable',
    `no beat could be written for ${times.silentMs} ms: ${cause.message}`,
    { fix: 'look at the disk and the database', retryable: true, exitCode: EXIT.tryAgain, cause },
  );
}
