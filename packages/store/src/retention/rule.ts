import type { Connection } from '../connection.ts';

/** What is old of one kind, and how it goes. Both run inside a transaction of the caller. */
export interface Rule {
  /** Ids of rows older than `before` (epoch ms) that may go, oldest first, at most `limit`. */
  readonly find: (db: Connection, before: number, limit: number) => readonly (string | number)[];
  /** Removes them; `ids` is their list as JSON. */
  readonly remove: (db: Connection, ids: string, now: number) => void;
}
