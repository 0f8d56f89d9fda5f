import { startModelServer, startWeb } from '@nightshift/fakes';
import { parseUsd } from '@nightshift/domain';
import { onCleanup, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from './support/site.ts';

const JOBS = 4;
const PERSON = { kind: 'person', name: 'test' } as const;
const PRICES = {
  'test-model': { inputNusdPerMTok: 3_000_000_000, outputNusdPerMTok: 15_000_000_000 },
};

test('jobs that meet a spent window wait with the reason, use no attempt, and run once it opens', async () => {
  const model = await startModelServer({ prices: PRICES });
  const web = await startWeb({ routes: { '/page': { body: 'a page' } } });
  onCleanup(() => Promise.all([model.close(), web.close()]));
  const site = await openSite(`{
    timezone: 'UTC',
    budget: { perDay: '$0.0000001', perMonth: '$100.00' },
    times: ${JSON.stringify(QUICK_TIMES)},
    models: { default: openaiCompatible({ baseUrl: '${model.url}/v1', model: 'test-model',
      name: 'fake', price: { inputPerMTok: '$3.00', outputPerMTok: '$15.00' } }) },
    agents: { a: { entry: ${JSON.stringify(fixtureAgent('three-steps'))}, concurrency: 4,
      allow: { hosts: ['127.0.0.1:${web.port}'], models: ['default'] } } },
  }`);
  const worker = site.supervise('worker');
  const input = { baseUrl: `${model.url}/v1`, page: `${web.url}/page` };
  const jobs = await Promise.all(Array.from({ length: JOBS }, () => site.enqueue('a', input)));
  await waitUntil(async () => (await site.store.jobs.counts()).waiting === JOBS, {
    what: 'all jobs to wait',
    timeoutMs: 30_000,
  });
  for (const id of jobs) {
    const job = await site.store.jobs.get(id);
    expect(job).toMatchObject({ state: 'queued', waitReason: 'cap', attempts: 0 });
    expect(job!.runAfter % 86_400_000).toBe(0);
  }
  expect(model.requests()).toEqual([]);
  expect(await site.store.jobs.counts()).toMatchObject({ queued: 0, running: 0, dead: 0 });

  const raise = {
    scope: 'global',
    addNusd: parseUsd('$50.00'),
    reason: 'the window opens',
  } as const;
  expect((await site.store.ledger.raiseToday(raise, PERSON)).woken).toBe(JOBS);
  for (const id of jobs) {
    expect(await site.ended(id, 60_000)).toMatchObject({ state: 'done', attempts: 1 });
  }
  expect(await site.store.ledger.verify()).toEqual([]);
  expect(await worker.stop()).toBe(0);
});
