import { startDiscord, startNtfy, startWeb } from '@nightshift/fakes';
import { isAlive, onCleanup } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from './support/site.ts';

test('a stopped worker is told of, killed, replaced, and its job finishes', async () => {
  const ntfy = await startNtfy();
  const discord = await startDiscord();
  const web = await startWeb({ routes: { '/page': [{ silent: true }, { body: 'at last' }] } });
  onCleanup(() => Promise.all([ntfy.close(), discord.close(), web.close()]));
  const site = await openSite(
    `{
      timezone: 'UTC',
      times: ${JSON.stringify(QUICK_TIMES)},
      alerts: { channels: [ntfy({ server: '${ntfy.url}', topic: 'nights' }),
                           discord({ webhook: env('WEBHOOK') })] },
      agents: { a: { entry: ${JSON.stringify(fixtureAgent('patient'))},
        allow: { hosts: ['127.0.0.1:${web.port}'] } } },
    }`,
    { WEBHOOK: discord.webhookUrl },
  );
  const scheduler = site.supervise('scheduler');
  const worker = site.supervise('worker');
  const watchdog = site.supervise('watchdog');
  const job = await site.enqueue('a', { page: `${web.url}/page` });
  await web.waitForRequests(1, '/page');
  const wedged = worker.current.pid;
  worker.current.kill('SIGSTOP');

  await Promise.all([ntfy.waitForMessages(1), discord.waitForMessages(1)]);
  expect(await site.ended(job)).toMatchObject({ state: 'done' });
  expect(isAlive(wedged)).toBe(false);
  await Promise.all([ntfy.waitForMessages(2), discord.waitForMessages(2)]);

  // One incident: that it is wedged, and that it is over, on each channel.
  expect(ntfy.messages().map(({ title }) => title)).toEqual([
    'The worker is silent',
    'Resolved: The worker is silent',
  ]);
  expect(discord.messages()).toHaveLength(2);
  expect(discord.messages().every(({ mentionsSilenced }) => mentionsSilenced)).toBe(true);
  // The one that was wedged was killed, and nobody else.
  expect([scheduler.starts, worker.starts, watchdog.starts]).toEqual([1, 2, 1]);
  expect(await Promise.all([worker, scheduler, watchdog].map((it) => it.stop()))).toEqual([
    0, 0, 0,
  ]);
});
