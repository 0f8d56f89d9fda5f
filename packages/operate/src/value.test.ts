import { expect, test } from 'vitest';
import { claimedJob, openSite, type Site } from '../test/site.ts';
import { readValue, valueSince } from './value.ts';

const DAY = 24 * 3_600_000;

async function delivered({ installation }: Site, key: string): Promise<void> {
  const store = await installation.store();
  const fence = await claimedJob(installation, key);
  await store.reports.file(fence, { title: 't', body: 'b', data: null, notify: false });
  await store.jobs.settle(fence, { kind: 'done' });
}

test('only jobs that are done and delivered a report count', async () => {
  const site = await openSite();
  const { installation, clock } = site;
  await delivered(site, 'delivered');
  const silent = await claimedJob(installation, 'silent');
  await (await installation.store()).jobs.settle(silent, { kind: 'done' });
  const value = await valueSince(installation, clock.now() - 1_000);
  expect(value.reports).toBe(1);
  expect(value.savedNusd).toBe(6_000_000_000);
  expect(value.netNusd).toBe(value.savedNusd - value.spentNusd);
});

test('a report counts in one period and in one of its parts', async () => {
  const site = await openSite();
  await delivered(site, 'a');
  site.clock.advance(7 * DAY);
  for (const key of ['b', 'c']) await delivered(site, key);
  site.clock.advance(3 * DAY);
  await delivered(site, 'd');
  const trend = await readValue(site.installation, { days: 7 });
  expect(trend.now.reports).toBe(3);
  expect(trend.before).toMatchObject({ reports: 1, netNusd: 6_000_000_000 });
  expect(trend.parts.map((it) => it.reports)).toEqual([0, 0, 0, 0, 2, 0, 1]);
  const month = await readValue(site.installation, { days: 30 });
  expect(month.parts).toHaveLength(14);
  expect(month.parts.reduce((sum, it) => sum + it.reports, 0)).toBe(month.now.reports);
});
