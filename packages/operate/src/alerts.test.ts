import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Incident } from '@nightshift/domain';
import { startNtfy, startWeb } from '@nightshift/fakes';
import { openWatchStore } from '@nightshift/store';
import { onCleanup } from '@nightshift/support';
import { expect, test } from 'vitest';
import { type Site, openSite } from '../test/site.ts';
import { ackAlert, listAlerts, showAlert, testChannels } from './alerts.ts';

const HOUR = 3_600_000;

async function withIncident(site: Site, part: Partial<Incident> = {}): Promise<Incident> {
  const { clock, installation } = site;
  const { store } = await openWatchStore({ stateDir: installation.paths.dir, clock });
  const incident: Incident = {
    id: 'inc-1',
    key: 'service-silent:worker',
    rule: 'service-silent',
    severity: 'page',
    state: 'open',
    title: 'The worker is silent',
    detail: 'd',
    badTicks: 1,
    goodTicks: 0,
    firstSeenAt: clock.now(),
    openedAt: clock.now(),
    resolvedAt: null,
    remindAt: null,
    ackedUntil: null,
    ackedBy: null,
    ...part,
  };
  await store.apply([incident], []);
  for (const service of ['worker', 'scheduler']) {
    await store.saveKill({
      id: `kill-${service}`,
      instance: 'i',
      service,
      pid: 7,
      reason: 'r',
      state: 'dead',
      intendedAt: clock.now(),
      termAt: clock.now(),
      killAt: null,
      deadAt: clock.now(),
      recoveredAt: null,
    });
  }
  store.close();
  return incident;
}

test('an incident is shown with the kills of its own service', async () => {
  const site = await openSite();
  const incident = await withIncident(site);
  expect(await listAlerts(site.installation, { all: false, limit: 9 })).toHaveLength(1);
  const detail = await showAlert(site.installation, incident.id);
  expect(detail.kills.map((it) => it.id)).toEqual(['kill-worker']);
  await expect(showAlert(site.installation, 'no')).rejects.toMatchObject({ code: 'not-found' });
});

test('an acknowledgement names who and until when; what is over cannot be acknowledged', async () => {
  const site = await openSite();
  const { id } = await withIncident(site);
  const acked = await ackAlert(site.installation, { id, forMs: HOUR });
  const until = site.clock.now() + HOUR;
  expect(acked).toMatchObject({ ackedBy: 'person:ada', ackedUntil: until });
  await withIncident(site, { id: 'inc-2', key: 'other', state: 'resolved' });
  await expect(ackAlert(site.installation, { id: 'inc-2', forMs: 1 })).rejects.toMatchObject({
    code: 'alert-not-open',
  });
});

test('without a watchdog each channel is tried from here, with the secrets of .env', async () => {
  const ntfy = await startNtfy({ token: 'tk_of_env' });
  const web = await startWeb({ routes: { '/gone': { status: 410, body: 'gone' } } });
  onCleanup(() => Promise.all([ntfy.close(), web.close()]));
  const token = `{ kind: 'env', env: 'TOKEN' }`;
  const site = await openSite(`export default { agents: {}, alerts: { channels: [
    { kind: 'ntfy', server: '${ntfy.url}', topic: 't', token: ${token} },
    { kind: 'webhook', url: '${web.url}/gone' },
  ] } };`);
  writeFileSync(join(site.dir, '.env'), 'TOKEN=tk_of_env\n');
  const results = await testChannels(site.installation);
  expect(results).toMatchObject([
    { channel: 'ntfy', by: 'command', ok: true, receipt: ntfy.messages()[0]?.id },
    { channel: 'webhook', by: 'command', ok: false },
  ]);
  expect(ntfy.messages()[0]?.title).toContain('Test');
});

test('without channels nobody would be told', async () => {
  expect(await testChannels((await openSite()).installation)).toEqual([]);
});
