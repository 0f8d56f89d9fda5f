import type { ProcessRef } from './job.ts';

/** The three services; `run` is the bounded form of scheduler and worker in one. */
export type ServiceName = 'scheduler' | 'worker' | 'watchdog' | 'run';

/** What a service is doing, in its beat. */
export type Phase = 'starting' | 'idle' | 'working' | 'draining' | 'halted' | 'stopped';

/**
 * A beat: two counters that an observer saw change, not timestamps. `loopSeq` is bumped by the main
 * loop itself (a timer in another thread would beat for a wedged loop), `progressSeq` by work that
 * moved: a claim, a step, a commit, a chunk of a stream.
 */
export interface Beat {
  readonly loopSeq: number;
  readonly progressSeq: number;
  readonly phase: Phase;
  /** A call in flight that may be silent until its deadline, epoch ms. */
  readonly inflightKind: string | null;
  readonly inflightDeadline: number | null;
}

/** How a child is walled in: Node's permission model, and bubblewrap's namespaces around it. */
export type LauncherName = 'direct' | 'bwrap';

/** One life of a service process, as its row says. */
export interface Instance extends ProcessRef, Beat {
  readonly id: string;
  readonly service: ServiceName;
  readonly version: string;
  readonly configHash: string;
  readonly startedAt: number;
  readonly beatAt: number;
  readonly stoppedAt: number | null;
  /** For a worker: what it proved its sandbox with. */
  readonly launcher: LauncherName | null;
}

/** Default times of the system, in ms. Relations between them are checked by the configuration. */
export interface Times {
  readonly tickMs: number;
  readonly beatMs: number;
  readonly silentMs: number;
  readonly termGraceMs: number;
  readonly leaseMs: number;
  readonly leaseRenewMs: number;
  readonly drainMs: number;
  readonly recoverMs: number;
}

export const DEFAULT_TIMES: Times = {
  tickMs: 2_000,
  beatMs: 2_000,
  silentMs: 20_000,
  termGraceMs: 10_000,
  leaseMs: 60_000,
  leaseRenewMs: 15_000,
  drainMs: 20_000,
  recoverMs: 30_000,
};

/**
 * Longest synchronous wait for the database's lock on a main thread, ms: long enough to outlast a
 * short write of somebody else, far below the 50 ms for which a loop may stand still. Longer waits
 * are pauses that let the loop turn.
 */
export const BUSY_WAIT_MS = 5;

/**
 * How long a supervisor waits after its stop signal before it kills, ms: `TimeoutStopSec` and
 * `ExitTimeOut` of the units. The drain time must stay below it.
 */
export const STOP_TIMEOUT_MS = 45_000;
