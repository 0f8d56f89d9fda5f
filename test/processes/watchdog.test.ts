import path from 'node:path';
import { startNtfy, startWeb } from '@nightshift/fakes';
import { onCleanup, repoRoot, spawnNode, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, type Site, fixtureAgent, openSite } from './support/site.ts';

const CLI = path.join(repoRoot, 'packages/cli/src/main.ts');
const WEDGING = path.join(repoRoot, 'test/fixtures/wedging-worker.ts');

async function siteWith(alerts: string): Promise<Site> {
  return openSite(`{
    timezone: 'UTC', times: ${JSON.stringify(QUICK_TIMES)}, alerts: { ${alerts} },
    agents: { a: { entry: ${JSON.stringify(fixtureAgent('say-hello'))} } },
  }`);
}

const cli = (site: Site, ...words: string[]) =>
  spawnNode([
    CLI,
    '--config',
    path.join(site.dir, 'nightshift.config.ts'),
    '--state-dir',
    site.stateDir,
    ...words,
  ]);

test('where cron starts everything, one pass pings, tells, ends a run that hangs, and is over', async () => {
  const ntfy = await startNtfy();
  const web = await startWeb({ routes: { '/ping': {}, '/ping/start': {}, '/ping/fail': {} } });
  onCleanup(() => Promise.all([ntfy.close(), web.close()]));
  const site = await siteWith(
    `channels: [ntfy({ server: '${ntfy.url}', topic: 'nights' })], deadman: '${web.url}/ping'`,
  );
  const calm = cli(site, 'watch', '--once');
  expect(await calm.exited).toEqual({ code: 0, signal: null });
  // Nobody has to be up, and nobody is missed.
  expect(ntfy.messages()).toEqual([]);
  expect(web.count('/ping')).toBe(1);

  const run = spawnNode([WEDGING, site.stateDir, '100', 'stopped', 'run']);
  await run.prints('up');
  process.kill(run.pid, 'SIGUSR2');
  const looked = cli(site, 'watch', '--once');
  expect((await run.exited).signal).toBe('SIGKILL');
  expect((await looked.exited).code).toBe(0);
  expect(ntfy.messages().map((it) => it.title)).toEqual(['The run is silent']);
  // The next pass finds it gone.
  expect((await cli(site, 'watch', '--once').exited).code).toBe(0);
});

test('a second watchdog goes away, a stopped one is missed by the scheduler, its end lets the next in', async () => {
  const ntfy = await startNtfy();
  onCleanup(() => ntfy.close());
  const site = await siteWith(`channels: [ntfy({ server: '${ntfy.url}', topic: 'nights' })]`);
  const first = site.start('watchdog');
  // It writes down who it is before it takes the lock, so its row alone is too early.
  const watching = async () => {
    const lives = await site.store.instances.running('watchdog');
    return lives.filter(({ phase }) => phase !== 'starting').length;
  };
  await waitUntil(async () => (await watching()) === 1, {
    what: 'the first watchdog',
    timeoutMs: 15_000,
  });
  expect((await cli(site, 'watch', '--once').exited).code).toBe(75);
  site.start('scheduler');
  first.kill('SIGSTOP');
  const silent = () => ntfy.messages().some((it) => it.title === 'The watchdog is silent');
  await waitUntil(silent, { what: 'the scheduler to say so', timeoutMs: 20_000 });
  const second = site.start('watchdog');
  first.kill('SIGKILL');
  await waitUntil(async () => (await site.store.instances.running('watchdog')).length === 2, {
    what: 'the second watchdog',
    timeoutMs: 15_000,
  });
  second.kill('SIGTERM');
  expect((await second.exited).code).toBe(0);
});
