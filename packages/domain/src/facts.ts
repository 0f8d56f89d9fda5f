import type { Breaker } from './breaker.ts';
import type { Job } from './job.ts';
import type { HaltState, Report } from './ports/stores.ts';
import type { DraftsWaiting } from './ports/draft-store.ts';
import type { QueueCounts } from './ports/job-store.ts';
import type { DrillRun } from './drill.ts';
import type { Instance, ServiceName } from './service.ts';
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
  /**
   * A runnable job that an idle worker could claim: of an agent that is not paused and of which
   * nothing runs, and in the way of no suspect.
   */
  readonly claimable: boolean;
  /** Oldest runnable job's age in ms, 0 when there is none. */
  readonly queueLagMs: number;
  /** Dead jobs that came after `deadSince` of the request, newest first, at most 50. */
  readonly dead: readonly Job[];
  readonly breakers: readonly Breaker[];
  /** Reports to be told about that came after `reportsSince` of the request, oldest first. */
  readonly reports: readonly Report[];
  /** Attempts that run, oldest first, at most 50. */
  readonly attempts: readonly {
    readonly job: string;
    readonly attempt: number;
    readonly agent: string;
  }[];
  /** Every schedule, and up to when its slots were decided. */
  readonly schedules: readonly { readonly agent: string; readonly cursorAt: number }[];
  /** Jobs that died within the last hour. */
  readonly deadLastHour: number;
  /** Calls of the last hour that cost more than was held for them, by agent and model. */
  readonly overBound: readonly {
    readonly agent: string;
    readonly endpoint: string;
    readonly model: string;
    readonly calls: number;
    readonly excessNusd: number;
  }[];
  /** Holds that have not ended. */
  readonly holds: { readonly count: number; readonly oldestAt: number | null };
  /** Where the database lies. Inodes are null on a file system that does not count them. */
  readonly disk: {
    readonly freeBytes: number;
    readonly freeInodes: number | null;
    readonly walBytes: number;
  };
  /** Lives of each service that began within the last ten minutes. */
  readonly starts: readonly { readonly service: ServiceName; readonly count: number }[];
  /** The latest moment at which a call was ever admitted, epoch ms. */
  readonly highAt: number;
  /** Jobs that wait for a budget window, their agents, and when the first is asked again. */
  readonly capWaits: {
    readonly jobs: number;
    readonly agents: readonly string[];
    readonly untilAt: number | null;
  };
  /** Agents that reached within the last day for what they were never given, by agent. */
  readonly denied: readonly {
    readonly agent: string;
    /** Attempts that are known of. */
    readonly attempts: number;
    readonly jobs: number;
    /** What the newest of them reached for. */
    readonly last: string;
  }[];
  /** Drafts that wait for a person. */
  readonly drafts: DraftsWaiting;
  /** The newest run of each drill that was ever run. */
  readonly drills: readonly DrillRun[];
  /** When this installation was made. */
  readonly installedAt: number;
}

export interface Unavailable {
  readonly now: number;
  readonly unavailable: string;
}

/** Reads the facts of a tick. */
export interface FactStore {
  read(request: { readonly deadSince: number; readonly reportsSince: number }): Promise<Facts>;
}
