import type { Breaker } from './breaker.ts';
import type { Job } from './job.ts';
import type { HaltState, Report } from './ports/stores.ts';
import type { QueueCounts } from './ports/job-store.ts';
import type { Instance } from './service.ts';
import type { WindowState } from './spend.ts';

/**
 * What the watchdog saw in one tick, read in short autocommit reads. Rules are pure functions over
 * these; a read that failed is `unavailable`, which is a finding of its own, never a reason to kill.
 */
export interface Facts {
  readonly now: number;
  readonly halt: HaltState & { readonly stopFile: boolean };
  /** The newest life of each service. */
  readonly instances: readonly Instance[];
  readonly windows: readonly WindowState[];
  /** Nano-dollars committed over the last five minutes and the last hour, by agent. */
  readonly spendRate: readonly {
    readonly agent: string;
    readonly last5mNusd: number;
    readonly last1hNusd: number;
    /** Median of this agent's past active hours, 0 without history. */
    readonly usualHourNusd: number;
  }[];
  readonly queue: QueueCounts;
  /** Oldest runnable job's age in ms, 0 when there is none. */
  readonly queueLagMs: number;
  /** Dead jobs that came after `deadSince` of the request, newest first, at most 50. */
  readonly dead: readonly Job[];
  readonly breakers: readonly Breaker[];
  /** Reports to be told about that came after `reportsSince` of the request, oldest first. */
  readonly reports: readonly Report[];
}

export interface Unavailable {
  readonly now: number;
  readonly unavailable: string;
}

/** Reads the facts of a tick. */
export interface FactStore {
  read(request: { readonly deadSince: number; readonly reportsSince: number }): Promise<Facts>;
}
