import type { Measured, NotMeasured } from './row.ts';
import type { Workspace } from './support/workspace.ts';

/** How a run was asked for. */
export interface Settings {
  /** Rounds of each comparison; ours and the peer take turns in each. */
  readonly rounds: number;
  /** The ids that were asked for; null for all. */
  readonly only: readonly string[] | null;
}

/** What a group of benchmarks gets to work with. */
export interface Bench extends Settings {
  /** Folders and processes that are gone when the group is over. */
  readonly workspace: Workspace;
  /** Was this id asked for? */
  wants(id: string): boolean;
  /** One line for the person who waits. */
  say(line: string): void;
}

/** What came of a group. */
export interface Results {
  readonly rows: readonly Measured[];
  readonly notMeasured?: readonly NotMeasured[];
}

/** Benchmarks that share a set-up. */
export interface Group {
  readonly ids: readonly string[];
  run(bench: Bench): Promise<Results>;
}
