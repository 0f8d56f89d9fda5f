import { onCleanup } from '@nightshift/support';
import { expect, test } from 'vitest';
import { budgets, call, principal, sql } from '../../test/money.ts';
import { enqueued, newJob, openWorld, PERSON, running, type World } from '../../test/world.ts';
import type { Connection } from '../connection.ts';
import { openStore, type Store } from '../open.ts';
import { connectionOf } from '../store-connection.ts';

/** What a store does at the points where something would be lost. */
type Act = (store: Store) => Promise<unknown>;

/** Everything the database says, by table. */
function everything(db: Connection): Record<string, unknown[]> {
  const tables = db.all<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table'`);
  return Object.fromEntries(tables.map(({ name }) => [name, db.all(`SELECT * FROM ${name}`)]));
}

const acts: Record<string, (world: World) => Promise<Act>> = {
  async enqueue() {
    return (store) => store.jobs.enqueue(newJob('new'), PERSON);
  },
  async claim(world) {
    const { id } = await enqueued(world, 'k');
    const wish = { job: id, instance: 'w', leaseUntil: 9e12, maxRunningOfAgent: 9, source: null };
    return (store) => store.jobs.claim(wish);
  },
  async step(world) {
    const fence = await running(world, 'k');
    return (store) => store.jobs.completeStep(fence, 'read', { pages: 3 });
  },
  async report(world) {
    const fence = await running(world, 'k');
    return (store) =>
      store.reports.file(fence, { title: 't', body: 'b', data: null, notify: true });
  },
  async settle(world) {
    const fence = await running(world, 'k');
    return (store) => store.jobs.settle(fence, { kind: 'done' });
  },
  async 'hold of money'(world) {
    await budgets(world, { 'global day': '$9.00' });
    const by = await principal(world, 'k');
    return (store) => store.ledger.reserve(call(by, '$0.01'));
  },
  async 'end of a call'(world) {
    await budgets(world, { 'global day': '$9.00' });
    const taken = await world.store.ledger.reserve(call(await principal(world, 'k'), '$0.01'));
    if (!('hold' in taken)) throw new Error('refused');
    const { id } = taken.hold;
    const journal = { status: 200, headers: [], body: new Uint8Array([1]) };
    return (store) => store.ledger.end(id, { outcome: 'answered', actualNusd: 5, journal });
  },
};

/** Brings trouble over a connection, and says how it ends. */
const troubles: Record<string, readonly [string, (db: Connection, world: World) => () => void]> = {
  'a full disk': [
    'disk-full',
    (db) => {
      const { n } = db.one<{ n: number }>('SELECT max(id) AS n FROM events')!;
      db.pragma(`max_page_count = ${Number(db.pragma('page_count'))}`);
      // Down to the last byte that an event could use, for every operation leaves one.
      for (let size = 4_000; size >= 1; size = Math.floor(size / 2)) fill(db, size);
      return () => {
        db.run('DELETE FROM events WHERE id > ?', [n]);
        db.pragma('max_page_count = 1000000');
      };
    },
  ],
  'a read-only file system': [
    'database-read-only',
    (db) => {
      // SQLite answers as it does for a file it may not write.
      db.pragma('query_only = ON');
      return () => void db.pragma('query_only = OFF');
    },
  ],
  'a lock that somebody keeps': [
    'database-busy',
    (_db, world) => {
      const holder = sql(world);
      holder.exec('BEGIN IMMEDIATE');
      return () => holder.exec('ROLLBACK');
    },
  ],
};

function fill(db: Connection, size: number): void {
  for (;;) {
    try {
      db.run(`INSERT INTO events (at, kind, data) VALUES (0, 'x', ?)`, ['x'.repeat(size)]);
    } catch (error) {
      expect(error).toMatchObject({ code: 'SQLITE_FULL' });
      return;
    }
  }
}

test.each(
  Object.keys(troubles).flatMap((trouble) => Object.keys(acts).map((act) => [trouble, act])),
)('%s at %s: nothing half done, a clear error, and done when it is over', async (trouble, act) => {
  const world = await openWorld();
  const perform = await acts[act]!(world);
  const { stateDir, clock } = world;
  const store = await openStore({ stateDir, clock, mode: 'existing', busyTotalMs: 50 });
  onCleanup(() => store.close());
  const { db } = connectionOf(store);
  const [code, bring] = troubles[trouble]!;
  const end = bring(db, world);
  const before = everything(db);
  await expect(perform(store)).rejects.toMatchObject({ code, retryable: true, exitCode: 75 });
  expect(everything(db)).toEqual(before);
  end();
  expect(await perform(store)).not.toBe(false);
  expect(everything(db)).not.toEqual(before);
  expect(await store.ledger.verify()).toEqual([]);
});
