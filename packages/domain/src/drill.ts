import type { Json } from './json.ts';
import type { ProcessRef } from './job.ts';

/** The safeties that can be tripped on purpose. */
export const DRILLS = [
  'kill-switch',
  'out-of-band',
  'cap',
  'breaker',
  'dead-letter',
  'alert',
  'backup',
] as const;
export type DrillName = (typeof DRILLS)[number];

/**
 * Agent, endpoint and budget scope of a drill. Configurations cannot use the name, so that nothing
 * a drill does can be mistaken for work.
 */
export const DRILL_AGENT = 'nightshift-drill';

/** The reason of a halt that a drill makes: how the watchdog knows whose halt it is. */
export function drillReason(id: string): string {
  return `drill ${id}`;
}

/** Name of the folder of files that a drill makes, below the state folder. */
export function drillFolder(id: string): string {
  return `drill-${id}`;
}

/**
 * `skipped`: there was nothing to try. `abandoned`: the drill itself died, and the watchdog undid
 * what it had changed.
 */
export type DrillOutcome = 'running' | 'passed' | 'failed' | 'skipped' | 'abandoned';

/** One thing that was done or seen, and when. */
export interface DrillNote {
  readonly at: number;
  readonly note: string;
}

/** One run of a drill, with its evidence. */
export interface DrillRun {
  readonly id: string;
  readonly name: DrillName;
  readonly outcome: DrillOutcome;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** A run that has not ended by then has died: what it changed is undone by the watchdog. */
  readonly expiresAt: number;
  readonly notes: readonly DrillNote[];
  /** When this drill last passed; null when it never did. */
  readonly passedAt: number | null;
  readonly by: string;
  /**
   * Who runs it: proven to have ended, it is undone at once and not only at its time. Null where
   * the system hides who a process is.
   */
  readonly process: ProcessRef | null;
}

/** Runs of drills. Every operation is a whole transaction. */
export interface DrillStore {
  /**
   * @throws NightshiftError `drill-running` (75) when one of any name has neither ended nor
   * expired.
   */
  begin(run: {
    readonly id: string;
    readonly name: DrillName;
    readonly expiresAt: number;
    readonly by: string;
    readonly process: ProcessRef | null;
  }): Promise<void>;
  /** False when it has ended meanwhile. */
  note(id: string, note: string, detail?: Json): Promise<boolean>;
  /** Ends a running one. False when it has ended already. */
  end(id: string, outcome: Exclude<DrillOutcome, 'running'>): Promise<boolean>;
  get(id: string): Promise<DrillRun | null>;
  /** The newest run of each drill that was ever run. */
  newest(): Promise<readonly DrillRun[]>;
  /**
   * Since when no drill is waited for: the earliest last beginning of all of them, epoch ms. One
   * that never ran counts from the making of this installation.
   */
  allBegunSince(): Promise<number>;
}
