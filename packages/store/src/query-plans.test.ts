import { DEFAULT_RETENTION } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { sql } from '../test/money.ts';
import { claim, claimed, enqueued, openWorld, PERSON, running } from '../test/world.ts';
import type { Connection, SqlParams } from './connection.ts';

const BIG = new Set(
  'jobs attempts steps calls spend slots events reports tasks job_keys budget_windows drafts'.split(
    ' ',
  ),
);

/** Notes the text of every statement that runs on a connection. */
function recorded(db: Connection): Set<string> {
  const seen = new Set<string>();
  for (const method of ['one', 'all', 'run'] as const) {
    const execute = db[method].bind(db) as (text: string, params?: SqlParams) => never;
    db[method] = (text: string, params?: SqlParams) => {
      seen.add(text);
      return execute(text, params);
    };
  }
  return seen;
}

/** Steps of a statement's plan that walk a large table from end to end, without any index. */
function fullScans(db: Connection, text: string): string[] {
  // The first rows by their own number are a walk that ends at once.
  if (/ORDER BY id LIMIT/.test(text)) return [];
  const names = [...text.matchAll(/[:](\w+)/g)].map(([, name]) => [name, null] as const);
  const marks = (text.match(/\?/g) ?? []).map(() => null);
  const plan = db.handle.prepare(`EXPLAIN QUERY PLAN ${text}`);
  const rows = plan.all(...(marks.length > 0 ? marks : [Object.fromEntries(names)]));
  const details = (rows as { detail: string }[]).map((it) => it.detail);
  const aliases = new Map([...text.matchAll(/\b(\w+) (?:AS )?(\w)\b/g)].map(([, t, a]) => [a, t]));
  return details.filter((it) => {
    const table = /^SCAN (\w+)$/.exec(it)?.[1];
    return table !== undefined && BIG.has(aliases.get(table) ?? table);
  });
}

test('nothing a worker or a scheduler does at each pass walks a table that grows', async () => {
  const world = await openWorld();
  const { jobs, slots, retention } = world.store;
  const db = sql(world);
  const seen = recorded(db);
  const schedule = { agent: 'digest', cron: '0 6 * * *', everyMs: null, timezone: 'UTC' };
  const now = world.clock.now();
  await slots.declare([schedule], now);
  await slots.advance('digest', now, now + 9, [{ kind: 'skip', at: now + 9, reason: 'overlap' }]);
  await slots.unfinished('digest');
  const fence = await claimed(world, (await enqueued(world, 'k', { runAfter: now })).id);
  await jobs.renew(fence, now + 1);
  await jobs.progress(fence, { done: 1, total: 2, note: '' });
  await jobs.completeStep(fence, 'read', 1);
  await jobs.settle(fence, { kind: 'done' });
  await enqueued(world, 'later', { runAfter: now + 5 });
  world.clock.advance(10);
  await jobs.promote(1e9, 10);
  await claim(world, (await running(world, 'other')).job);
  await jobs.cancelAsked('worker-1');
  await jobs.expired();
  await jobs.ofInstance('worker-1');
  await jobs.counts();
  await jobs.list({ state: 'dead', limit: 5 });
  await jobs.list({ state: 'running', limit: 5 });
  await world.store.ledger.presumeOrphans(null);
  await world.store.drafts.tidy();
  await world.store.drafts.waiting();
  await world.store.control.pauseAgent('digest', PERSON);
  world.clock.advance(1e12);
  const old = await retention.prune({ ...DEFAULT_RETENTION, slotsMs: 1, jobsMs: 1 }, 50);
  expect(old.removed).toMatchObject({ jobs: 1, slots: 1 });

  const statements = [...seen].filter((it) => /^\s*(SELECT|UPDATE|DELETE|WITH|INSERT)/.test(it));
  expect(statements.length).toBeGreaterThan(40);
  const scans = statements.flatMap((it) => fullScans(db, it).map((step) => `${step}: ${it}`));
  expect(scans).toEqual([]);
});
