import { expect, test } from 'vitest';
import { openSite, claimedJob } from '../test/site.ts';
import { savedPerReport, valueSince } from './value.ts';

test('a tenth of an hour is a tenth of the rate, to the nano-dollar', () => {
  expect(savedPerReport(0.1, 60_000_000_000)).toBe(6_000_000_000);
  expect(savedPerReport(0.3, 10_000_000_001)).toBe(3_000_000_000);
  expect(savedPerReport(0, 60_000_000_000)).toBe(0);
});

test('only jobs that are done and delivered a report count', async () => {
  const { installation, clock } = await openSite();
  const store = await installation.store();
  const delivered = await claimedJob(installation, 'delivered');
  const report = { title: 't', body: 'b', data: null, notify: false };
  await store.reports.file(delivered, report);
  await store.jobs.settle(delivered, { kind: 'done' });
  const silent = await claimedJob(installation, 'silent');
  await store.jobs.settle(silent, { kind: 'done' });
  const value = await valueSince(installation, clock.now() - 1_000);
  expect(value.reports).toBe(1);
  expect(value.savedNusd).toBe(6_000_000_000);
  expect(value.netNusd).toBe(value.savedNusd - value.spentNusd);
});
