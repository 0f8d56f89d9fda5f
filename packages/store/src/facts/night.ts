import type { Connection } from '../connection.ts';
import type { Store } from '../open.ts';
import { connectionOf } from '../store-connection.ts';

/** What ended since a moment, for a summary. */
export interface Ended {
  readonly done: number;
  readonly dead: number;
  readonly cancelled: number;
}

/**
 * Jobs that ended since `sinceAt`. Walks the jobs once; meant for once a day.
 * @throws NightshiftError when the database cannot be read
 */
export async function endedSince(store: Store, sinceAt: number): Promise<Ended> {
  const { db } = connectionOf(store);
  return db.read(() => countEnded(db, sinceAt));
}

function countEnded(db: Connection, sinceAt: number): Ended {
  const rows = db.all<{ state: keyof Ended; n: number }>(ENDED, [sinceAt]);
  const of = (state: keyof Ended): number => rows.find((it) => it.state === state)?.n ?? 0;
  return { done: of('done'), dead: of('dead'), cancelled: of('cancelled') };
}

const ENDED = `
  SELECT state, count(*) AS n FROM jobs
  WHERE state IN ('done', 'dead', 'cancelled') AND finished_at > ? GROUP BY state`;
