import { DEFAULT_ALERTS, type Settings } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { endedRef, settingsOf, watchScene, type WatchScene } from '../test/scene.ts';
import { readPeriod } from './summary-message.ts';
import { Summaries } from './summary.ts';

const HOUR = 3_600_000;
const SETTINGS: Settings = {
  ...settingsOf(),
  timezone: 'Europe/Berlin',
  alerts: { ...DEFAULT_ALERTS, dailySummaryMinute: 8 * 60 },
};

/** A watchdog that begins at 13:00 in Berlin. */
async function summaryScene(settings = SETTINGS): Promise<WatchScene & { life(): void }> {
  const it = await watchScene(settings);
  const ref = await endedRef();
  await it.register('scheduler', ref);
  await it.register('worker', ref);
  const summary = () =>
    new Summaries({
      settings,
      store: it.watch,
      clock: it.clock,
      period: (span) => readPeriod(it.store, settings, span),
    });
  it.restart({ summary });
  return Object.assign(it, { life: () => it.restart({ summary }) });
}

const summaries = (it: WatchScene) =>
  it.titles().filter((title) => title?.startsWith('Nightshift,'));

async function to(it: WatchScene, iso: string): Promise<void> {
  it.clock.advance(Date.parse(iso) - it.clock.now());
  await it.run(10_000);
}

test('once a day at the hour of the operator, over restarts and clock steps', async () => {
  const it = await summaryScene();
  await it.run(10_000);
  expect(summaries(it)).toEqual([]);
  await to(it, '2026-11-23T06:59:00Z');
  expect(summaries(it)).toEqual([]);
  await to(it, '2026-11-23T07:00:00Z');
  expect(summaries(it)).toEqual(['Nightshift, 2026-11-23: 0 done, 0 dead, $0.00']);
  it.life();
  await it.run(10_000);
  it.clock.stepTo(it.clock.now() - 2 * HOUR);
  await it.run(10_000);
  await to(it, '2026-11-23T20:00:00Z');
  expect(summaries(it)).toHaveLength(1);
});

test('one that was down at its hour sends it late, on the same day', async () => {
  const it = await summaryScene();
  await it.run(4_000);
  it.clock.advance(Date.parse('2026-11-24T11:00:00Z') - it.clock.now());
  it.life();
  await it.run(10_000);
  expect(summaries(it)).toHaveLength(1);
  expect(it.server.messages().at(-1)?.message).toContain('Dead letters: 0.');
});

test('once a week on its day, with what the week before was worth; one that was missed comes late', async () => {
  const weeklySummary = { weekday: 1, minute: 9 * 60 };
  const it = await summaryScene({
    ...SETTINGS,
    alerts: { ...DEFAULT_ALERTS, weeklySummary },
  });
  await it.run(10_000);
  expect(summaries(it)).toEqual([]);
  await to(it, '2026-11-23T07:59:00Z');
  expect(summaries(it)).toEqual([]);
  await to(it, '2026-11-23T08:00:00Z');
  const first = 'Nightshift, the week to 2026-11-23: 0 done, 0 dead, $0.00';
  expect(summaries(it)).toEqual([first]);
  expect(it.server.messages().at(-1)?.message).toContain('net $0.00; the week before: $0.00.');
  await to(it, '2026-11-29T20:00:00Z');
  expect(summaries(it)).toHaveLength(1);
  it.clock.advance(Date.parse('2026-12-02T12:00:00Z') - it.clock.now());
  it.life();
  await it.run(10_000);
  await to(it, '2026-12-06T12:00:00Z');
  expect(summaries(it)).toEqual([first, first.replace('11-23', '11-30')]);
});
