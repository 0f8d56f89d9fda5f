import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@nightshift/domain';
import { openStore, type Store } from '@nightshift/store';
import { dataVersion, ticketHandle } from '@nightshift/store/tickets';
import { type ManualClock, manualClock, onCleanup, tempDir, waitUntil } from '@nightshift/support';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { SqliteQueue, buildDBClient } from 'liteque';
import { describe, expect, test } from 'vitest';
import { openTickets, watchCommits } from './index.ts';

const ME = { kind: 'person', name: 'test' } as const;

async function setUp(): Promise<{ store: Store; clock: ManualClock; dir: string }> {
  const dir = tempDir();
  const clock = manualClock();
  const store = await openStore({ stateDir: dir, clock, mode: 'create' });
  onCleanup(() => store.close());
  return { store, clock, dir };
}

async function enqueue(store: Store, agent: string, priority = 0): Promise<string> {
  const key = `${agent}-${crypto.randomUUID()}`;
  const { job } = await store.jobs.enqueue({ key, agent, input: {}, maxAttempts: 3, priority }, ME);
  return job?.id ?? '';
}

async function take(store: Store, job: string, instance = 'i'): Promise<boolean> {
  const claim = await store.jobs.claim({
    job,
    instance,
    leaseUntil: 9e12,
    maxRunningOfAgent: 100,
    source: null,
  });
  return claim !== null;
}

const nothing = (): boolean => false;

describe('tickets', () => {
  test('exist while their job can run, and vanish when it is claimed', async () => {
    const { store, clock } = await setUp();
    const tickets = openTickets(store, clock);
    const job = await enqueue(store, 'a');
    const ticket = await tickets.next(nothing);
    expect(ticket).toMatchObject({ jobId: job, agent: 'a' });
    expect(await take(store, job)).toBe(true);
    expect(await tickets.next(nothing)).toBeNull();
    const left = ticketHandle(store).prepare('SELECT count(*) AS n FROM tasks').get();
    expect(left).toEqual({ n: 0 });
  });

  test('are taken without waiting for the disk, and everything after them waits for it', async () => {
    const { store, clock } = await setUp();
    const db = ticketHandle(store);
    const tickets = openTickets(store, clock);
    await enqueue(store, 'a');
    expect(await tickets.next(nothing)).not.toBeNull();
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    db.exec('DROP TABLE tasks');
    await expect(tickets.next(nothing)).rejects.toThrow(/tasks/);
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
  });

  test('are served to agents in turn, however many one of them has', async () => {
    const { store, clock } = await setUp();
    const tickets = openTickets(store, clock);
    for (const agent of ['a', 'a', 'a', 'b', 'c']) await enqueue(store, agent);
    const served: string[] = [];
    for (let i = 0; i < 5; i++) served.push((await tickets.next(nothing))?.agent ?? 'none');
    expect(served).toEqual(['a', 'b', 'c', 'a', 'a']);
  });

  test('of one agent come by priority, then by age', async () => {
    const { store, clock } = await setUp();
    const tickets = openTickets(store, clock);
    const late = await enqueue(store, 'a', 5);
    const first = await enqueue(store, 'a', 0);
    const second = await enqueue(store, 'a', 0);
    const order = [];
    for (let i = 0; i < 3; i++) order.push((await tickets.next(nothing))?.jobId);
    expect(order).toEqual([first, second, late]);
  });

  test('that are given back or whose claimer died can be claimed again', async () => {
    const { store, clock } = await setUp();
    const tickets = openTickets(store, clock);
    const job = await enqueue(store, 'a');
    await (await tickets.next(nothing))?.release();
    expect(await tickets.next(nothing)).toMatchObject({ jobId: job });
    expect(await tickets.next(nothing)).toBeNull();
    clock.advance(12_000);
    expect(await tickets.next(nothing)).toMatchObject({ jobId: job });
  });

  test('of a paused agent do not exist, and come back with the agent', async () => {
    const { store, clock } = await setUp();
    const tickets = openTickets(store, clock);
    await enqueue(store, 'a');
    await store.control.pauseAgent('a', ME);
    await enqueue(store, 'a');
    expect(await tickets.next(nothing)).toBeNull();
    await store.control.resumeAgent('a', ME);
    expect(await tickets.next(nothing)).not.toBeNull();
    expect(await tickets.next(nothing)).not.toBeNull();
  });

  test('are passed over when the caller has no room for their agent', async () => {
    const { store, clock } = await setUp();
    const tickets = openTickets(store, clock);
    await enqueue(store, 'a');
    const other = await enqueue(store, 'b');
    expect(await tickets.next((agent) => agent === 'a')).toMatchObject({ jobId: other });
    expect(await tickets.next((agent) => agent === 'a')).toBeNull();
  });

  test('claimed by two processes at once go to one of them', async () => {
    const { store, clock, dir } = await setUp();
    const second = await openStore({ stateDir: dir, clock, mode: 'existing' });
    onCleanup(() => second.close());
    for (let i = 0; i < 40; i++) await enqueue(store, 'a');
    const both = [openTickets(store, clock), openTickets(second, clock)];
    const taken: string[] = [];
    await Promise.all(
      both.map(async (tickets) => {
        for (;;) {
          const ticket = await tickets.next(nothing);
          if (ticket === null) return;
          taken.push(ticket.jobId);
        }
      }),
    );
    expect(taken).toHaveLength(40);
    expect(new Set(taken).size).toBe(40);
  });
});

describe('liteque, as far as we lean on it', () => {
  test('has exactly the columns of our table', async () => {
    const { store } = await setUp();
    const theirs = buildDBClient(':memory:', { runMigrations: true });
    const columns = `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info('tasks')`;
    expect(ticketHandle(store).prepare(columns).all()).toEqual(theirs.all(sql.raw(columns)));
  });

  test('still cannot claim by itself, which is why its claim is replaced', async () => {
    const { store } = await setUp();
    await enqueue(store, 'a');
    const db = drizzle(ticketHandle(store)) as unknown as ConstructorParameters<
      typeof SqliteQueue
    >[1];
    const queue = new SqliteQueue('a', db, {
      defaultJobArgs: { numRetries: 0 },
      keepFailedJobs: false,
    });
    await expect(queue.attemptDequeue({ timeoutSecs: 1 })).rejects.toThrow(/promise/);
  });
});

describe('waking', () => {
  test('goes on looking after a change, because it may not have been the commit yet', async () => {
    const dir = tempDir();
    const seen = [true, false, true];
    let wakes = 0;
    const stop = watchCommits(
      dir,
      () => seen.shift() ?? false,
      () => wakes++,
    );
    onCleanup(stop);
    writeFileSync(join(dir, 'nightshift.db-wal'), 'frames');
    await waitUntil(() => seen.length === 0, { what: 'three looks' });
    expect(wakes).toBe(2);
  });

  test('follows another process’s commit', async () => {
    const { store, dir } = await setUp();
    const other = await openStore({ stateDir: dir, clock: systemClock, mode: 'existing' });
    onCleanup(() => other.close());
    let seen = dataVersion(store);
    let wakes = 0;
    const stop = watchCommits(
      dir,
      () => seen !== (seen = dataVersion(store)),
      () => wakes++,
    );
    onCleanup(stop);
    await enqueue(other, 'a');
    await waitUntil(() => wakes > 0, { what: 'a wake after the commit' });
    expect(wakes).toBeGreaterThan(0);
  });
});
