import { systemClock } from '@nightshift/domain';
import { type Store, openStore } from '@nightshift/store';
import { ticketHandle } from '@nightshift/store/tickets';
import { requireFullSync } from './raw.ts';

/** How many jobs stand in a queue, and in front of it. */
export interface Depth {
  readonly queued: number;
  readonly delayed: number;
  readonly paused: number;
}

const ACTOR = { kind: 'person', name: 'bench' } as const;
const DAY_MS = 86_400_000;

/**
 * A store with so many jobs: first the delayed ones, then those of a paused agent, then the
 * runnable ones. They are inserted past the port, in one transaction, because a million calls of it
 * would take an hour; the triggers that write tickets fire for each of them all the same.
 */
export async function openDeepQueue(dir: string, depth: Depth): Promise<Store> {
  const store = await openStore({ stateDir: dir, clock: systemClock, mode: 'create' });
  const db = ticketHandle(store);
  requireFullSync(db, 'the store');
  await store.control.pauseAgent('paused', ACTOR);
  const now = systemClock.now();
  const insert = db.prepare(INSERT);
  const fill = db.transaction(() => {
    const later = { ready: 0, readyAt: null, runAfter: now + DAY_MS, reason: 'delay', now };
    const soon = { ready: 1, readyAt: now, runAfter: now, reason: null, now };
    insert.run({ ...later, agent: 'busy', prefix: '0', count: depth.delayed });
    insert.run({ ...soon, agent: 'paused', prefix: '1', count: depth.paused });
    insert.run({ ...soon, agent: 'busy', prefix: '2', count: depth.queued });
  });
  fill.immediate();
  db.pragma('wal_checkpoint(TRUNCATE)');
  // What a store has that has grown over days, and one that was filled in a minute has not.
  db.pragma('optimize');
  return store;
}

// Ids in the order of insertion, as the store makes them.
const INSERT = `
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
  INSERT INTO jobs (id, key, agent, input, state, ready, ready_at, max_attempts, run_after,
                    wait_reason, created_at)
  SELECT printf('%s-%012d-0000-0000-000000000000', :prefix, i), printf('%s-key-%d', :prefix, i),
         :agent, '{}', 'queued', :ready, :readyAt, 3, :runAfter, :reason, :now
  FROM n`;
