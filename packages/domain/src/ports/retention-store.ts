import type { RetentionSettings } from '../retention.ts';

/** What one pass removed or folded, by kind, and whether there is more to do at once. */
export interface Pruned {
  readonly removed: Readonly<Record<PrunedKind, number>>;
  readonly more: boolean;
}

export type PrunedKind =
  | 'jobs'
  | 'spend'
  | 'windows'
  | 'slots'
  | 'reports'
  | 'drafts'
  | 'events'
  | 'audit'
  | 'instances';

/** The write-ahead log after a checkpoint. */
export interface WalState {
  readonly bytes: number;
  /** A reader or a writer kept the log from being emptied. */
  readonly busy: boolean;
}

/** Keeps the database from growing for ever. */
export interface RetentionStore {
  /**
   * Removes what is older than its age, at most `limit` rows of each kind, each kind in one short
   * transaction of its own. Takes no lock where nothing is old.
   */
  prune(ages: RetentionSettings, limit: number): Promise<Pruned>;
  /** Writes the log back into the database, and cuts it when it has grown. Waits for nobody. */
  checkpoint(): Promise<WalState>;
}
