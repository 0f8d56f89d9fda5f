import path from 'node:path';
import { startModelServer, startWeb } from '@nightshift/fakes';
import { onCleanup, repoRoot, spawnNode, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, type Site, fixtureAgent, openSite } from './support/site.ts';

const CLI = path.join(repoRoot, 'packages/cli/src/main.ts');
const PRICES = { 'test-model': { inputNusdPerMTok: 0, outputNusdPerMTok: 0 } };

const cli = (site: Site, ...words: string[]): string[] => [
  CLI,
  '--config',
  path.join(site.dir, 'nightshift.config.ts'),
  '--state-dir',
  site.stateDir,
  ...words,
];

test('a halt ends what runs within the drain time, keeps everything down over restarts, until resume', async () => {
  const model = await startModelServer({ prices: PRICES });
  const web = await startWeb({ routes: { '/page': { body: 'a page' } } });
  onCleanup(() => Promise.all([model.close(), web.close()]));
  const hosts = `hosts: ['127.0.0.1:${web.port}']`;
  const site = await openSite(`{
    timezone: 'UTC', times: ${JSON.stringify(QUICK_TIMES)},
    models: { default: openaiCompatible({ baseUrl: '${model.url}/v1', model: 'test-model',
      name: 'fake', free: true }) },
    agents: {
      caller: { entry: ${JSON.stringify(fixtureAgent('three-steps'))},
        allow: { ${hosts}, models: ['default'] } },
      failing: { entry: ${JSON.stringify(fixtureAgent('patient'))}, allow: { ${hosts} } },
    },
  }`);
  // The first call is a stream that never ends; the other job fails and waits for its next try.
  model.script([{ onCall: 1, gate: 'before-headers' }]);
  const input = { baseUrl: `${model.url}/v1`, page: `${web.url}/page` };
  const services = (['scheduler', 'worker', 'watchdog'] as const).map((it) => site.supervise(it));
  const failing = await site.enqueue('failing', { page: 'no address' }, 50);
  const tries = async () => (await site.store.jobs.get(failing))?.attempts ?? 0;
  await waitUntil(async () => (await tries()) > 0, { what: 'a failure', timeoutMs: 30_000 });
  const streaming = await site.enqueue('caller', input);
  await model.waitForHeld(1);

  const halt = spawnNode(cli(site, 'halt', '--reason', 'look at the bill'));
  expect((await halt.exited).code).toBe(0);
  expect(halt.stdout).toContain('HALTED');
  const running = async () => (await site.store.jobs.counts()).running;
  await waitUntil(async () => (await running()) === 0, {
    what: 'nothing to be in flight',
    timeoutMs: 20_000,
  });
  await waitUntil(() => model.held() === 0, { what: 'the stream to be cut' });
  const calls = model.requests().length;
  const tried = await tries();

  const before = await site.store.instances.current();
  for (const service of services) service.current.kill('SIGKILL');
  await waitUntil(
    async () => {
      const now = await site.store.instances.current();
      const fresh = now.filter((it) => before.every((old) => old.id !== it.id));
      const halted = fresh.filter((it) => it.phase === 'halted' || it.service === 'watchdog');
      return halted.length === 3 && halted.every((it) => it.loopSeq > 10);
    },
    { what: 'all three to come back, halted', timeoutMs: 30_000 },
  );
  expect(model.requests()).toHaveLength(calls);
  expect(await site.store.jobs.get(streaming)).toMatchObject({ state: 'queued', attempts: 0 });
  expect(await site.store.jobs.get(failing)).toMatchObject({ state: 'queued', attempts: tried });

  expect((await spawnNode(cli(site, 'resume')).exited).code).toBe(0);
  expect(await site.ended(streaming)).toMatchObject({ state: 'done' });
});
