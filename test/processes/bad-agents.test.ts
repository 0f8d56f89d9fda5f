import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from './support/site.ts';

/** Entry files that cannot be run, and the code their jobs die with; null for no file at all. */
const BROKEN = {
  missing: { text: null, code: 'entry-missing' },
  throwing: { text: `throw new Error('not today');`, code: 'entry-failed' },
  'no-default': { text: 'export const agent = 1;', code: 'entry-no-default' },
  'no-agent': { text: 'export default 42;', code: 'entry-not-agent' },
} as const;

test('entries that cannot be run are the end of their own jobs and of nothing else', async () => {
  const entries = Object.keys(BROKEN).map((name) => [name, { entry: `./${name}.ts` }]);
  const agents = { ...Object.fromEntries(entries), well: { entry: fixtureAgent('say-hello') } };
  const config = { timezone: 'UTC', times: QUICK_TIMES, agents };
  const site = await openSite(JSON.stringify(config));
  for (const [name, { text }] of Object.entries(BROKEN)) {
    if (text !== null) writeFileSync(path.join(site.dir, `${name}.ts`), text);
  }
  const jobs = new Map<string, string>();
  for (const name of [...Object.keys(BROKEN), 'well']) {
    jobs.set(name, await site.enqueue(name, {}, 1));
  }
  const worker = site.start('worker');
  for (const [name, { code }] of Object.entries(BROKEN)) {
    const job = await site.ended(jobs.get(name)!);
    expect(job).toMatchObject({ state: 'dead', lastError: { code } });
    expect(job.lastError?.message).toContain(`${name}.ts`);
  }
  expect(await site.ended(jobs.get('well')!)).toMatchObject({ state: 'done' });
  worker.kill('SIGTERM');
  expect((await worker.exited).code).toBe(0);
});

test('an agent that does not listen is ended within the drain time, and its attempt given back', async () => {
  const agents = { deaf: { entry: fixtureAgent('deaf') } };
  const times = { ...QUICK_TIMES, drain: '2s' };
  const site = await openSite(JSON.stringify({ timezone: 'UTC', times, agents }));
  const id = await site.enqueue('deaf');
  const worker = site.start('worker');
  await waitUntil(async () => (await site.store.jobs.get(id))?.progress !== null, {
    what: 'the agent to begin',
    timeoutMs: 20_000,
  });
  worker.kill('SIGTERM');
  expect((await worker.exited).code).toBe(0);
  expect(await site.store.jobs.get(id)).toMatchObject({ state: 'queued', attempts: 0 });
  const [attempt] = await site.store.jobs.attempts(id);
  expect(attempt).toMatchObject({ outcome: 'returned', error: { message: 'draining' } });
});
