import { startModelServer, startWeb } from '@nightshift/fakes';
import { onCleanup, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from './support/site.ts';

const PRICES = {
  'test-model': { inputNusdPerMTok: 3_000_000_000, outputNusdPerMTok: 15_000_000_000 },
};

test('a worker killed in a call and between calls loses nothing and pays nothing twice', async () => {
  const model = await startModelServer({ prices: PRICES });
  const web = await startWeb({ routes: { '/page': { body: 'a page' } } });
  onCleanup(() => Promise.all([model.close(), web.close()]));
  const site = await openSite(`{
    timezone: 'UTC',
    budget: { perDay: '$5.00' },
    times: ${JSON.stringify(QUICK_TIMES)},
    models: { default: openaiCompatible({ baseUrl: '${model.url}/v1', model: 'test-model',
      name: 'fake', price: { inputPerMTok: '$3.00', outputPerMTok: '$15.00' } }) },
    agents: { a: { entry: ${JSON.stringify(fixtureAgent('three-steps'))},
      allow: { hosts: ['127.0.0.1:${web.port}'], models: ['default'] } } },
  }`);
  // The second call is held by the server: the worker dies in the middle of it.
  model.script([{ onCall: 2, gate: 'before-headers' }]);
  web.route('/page', [{ silent: true }, { body: 'a page' }]);

  const worker = site.supervise('worker');
  const job = await site.enqueue('a', { baseUrl: `${model.url}/v1`, page: `${web.url}/page` });
  await model.waitForHeld(1);
  worker.current.kill('SIGKILL');
  // The next life gets past the model calls of both steps and hangs in the page: killed again.
  await web.waitForRequests(1, '/page');
  worker.current.kill('SIGKILL');

  const ended = await site.ended(job);
  expect(ended).toMatchObject({ state: 'done' });
  expect(worker.starts).toBe(3);
  await waitUntil(() => model.held() === 0, { what: 'the held call to be given up' });
  await model.waitForIdle();

  const rows = await site.store.ledger.spendRows({ job, limit: 100 });
  const bill = model.bill();
  const settled = rows
    .filter(({ state }) => state === 'settled')
    .map(({ actualNusd }) => actualNusd);
  const completed = bill.rows.filter((row) => row.completed).map(({ costNusd }) => costNusd);
  expect(new Set(settled)).toEqual(new Set(completed));
  expect(settled).toHaveLength(completed.length);
  expect(rows.filter(({ state }) => state === 'presumed')).toHaveLength(1);
  expect(rows.some(({ state }) => state === 'held')).toBe(false);
  const booked = rows.reduce(
    (sum, row) => sum + (row.state === 'presumed' ? row.boundNusd : (row.actualNusd ?? 0)),
    0,
  );
  expect(booked).toBeGreaterThanOrEqual(bill.totalNusd);
  // Four questions, one of them cut and asked again: completed steps were not asked again.
  expect(bill.rows).toHaveLength(5);
  expect(await site.store.reports.list({ limit: 10 })).toHaveLength(1);
  expect(await site.store.ledger.verify()).toEqual([]);
  expect(await worker.stop()).toBe(0);
});
