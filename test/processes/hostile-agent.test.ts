import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startWeb } from '@nightshift/fakes';
import { onCleanup, repoRoot } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from './support/site.ts';

const PROBE = path.join(repoRoot, 'packages/sandbox/src/probe/agent.ts');
const FRAMES = path.join(repoRoot, 'packages/sandbox/fixtures/hostile-frames.ts');

test('an agent that tries every way out gets nowhere, and its worker goes on', async () => {
  const web = await startWeb();
  onCleanup(() => web.close());
  const site = await openSite(`{
    timezone: 'UTC',
    times: ${JSON.stringify(QUICK_TIMES)},
    agents: {
      probe: { entry: ${JSON.stringify(PROBE)} },
      frames: { entry: ${JSON.stringify(FRAMES)} },
      reach: { entry: ${JSON.stringify(fixtureAgent('reach-out'))} },
      hello: { entry: ${JSON.stringify(fixtureAgent('say-hello'))} },
    },
  }`);
  writeFileSync(path.join(site.dir, '.env'), 'SECRET=for-nobody\n');
  const worker = site.supervise('worker');
  const mine = path.join(site.dir, 'made-by-the-child');

  const probe = await site.ended(
    await site.enqueue('probe', {
      port: web.port,
      unixSocket: path.join(site.dir, 'no.sock'),
      envFile: path.join(site.dir, '.env'),
      codeFile: path.join(site.dir, 'nightshift.config.ts'),
      databaseFile: path.join(site.stateDir, 'nightshift.db'),
      folder: site.dir,
      newFile: mine,
    }),
  );
  expect(probe).toMatchObject({ state: 'done' });
  const [report] = await site.store.reports.list({ agent: 'probe', limit: 1 });
  const results = report?.data as unknown as { name: string; reached: boolean; detail: string }[];
  expect(results.length).toBeGreaterThan(40);
  expect(results.filter(({ reached }) => reached)).toEqual([]);
  // Nothing arrived outside, whatever the child says of itself.
  expect(web.requests()).toHaveLength(0);
  expect(existsSync(mine)).toBe(false);
  // The first attempt of each kind is on record, with what it was about.
  const tried = (await site.store.events.since(0, 1_000)).filter(
    ({ kind, ref }) => kind === 'sandbox.denied' && ref === probe.id,
  );
  const firsts = tried.map(({ data }) => data as { reason: string; count: number });
  const kinds = firsts.filter(({ count }) => count === 1).map(({ reason }) => reason);
  expect(kinds).toEqual(
    expect.arrayContaining([
      'Net',
      'ChildProcess',
      'WorkerThreads',
      'FileSystemRead',
      'process.kill',
      'module',
    ]),
  );

  // What the broker refuses is an error to cope with, and on record.
  const url = `http://127.0.0.1:${web.port}/?secret`;
  const reach = await site.ended(await site.enqueue('reach', { urls: [url, url, url] }));
  expect(reach).toMatchObject({ state: 'done' });
  const [told] = await site.store.reports.list({ agent: 'reach', limit: 1 });
  expect(told?.data).toEqual(['host-denied', 'host-denied', 'host-denied']);
  const events = await site.store.events.since(0, 1_000);
  const denials = events.filter(({ kind }) => kind === 'egress.denied');
  expect(denials.map(({ ref }) => ref)).toEqual([reach.id, reach.id]);
  const [first, second] = denials.map(({ data }) => data);
  expect(first).toMatchObject({ agent: 'reach', reason: 'host-denied', count: 1 });
  expect(second).toMatchObject({ agent: 'reach', reason: 'host-denied', count: 2 });
  expect(web.requests()).toHaveLength(0);

  // A length of 4 GB, and bytes that are no frame: each ends its own child.
  for (const hex of ['ffffffff0100000001', '00'.repeat(64)]) {
    const job = await site.ended(await site.enqueue('frames', { hex }, 1));
    expect(job).toMatchObject({ state: 'dead', lastError: { code: 'bad-frame' } });
  }
  const innocent = await site.ended(await site.enqueue('hello'));
  expect(innocent).toMatchObject({ state: 'done' });
  expect(worker.starts).toBe(1);
  expect(await worker.stop()).toBe(0);
});
