import { DEFAULT_ALERTS, DEFAULT_RULES } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { mistakesOf, parse as settingsOf } from '../../test/parse.ts';
import { webhook } from './channels.ts';
import { env } from './define-config.ts';

const alerts = (value: unknown) => settingsOf({ agents: {}, alerts: value }).alerts;
const wrong = (value: unknown) => mistakesOf({ agents: {}, alerts: value });

test('what is left out is the default', () => {
  expect(settingsOf({ agents: {} }).alerts).toEqual(DEFAULT_ALERTS);
  expect(alerts({})).toEqual(DEFAULT_ALERTS);
});

test('check URL, summary and a webhook of the operator', () => {
  const url = env('HOOK_URL');
  const given = {
    channels: [webhook({ url, secret: env('HOOK_SECRET') })],
    deadman: env('CHECK_URL'),
    dailySummary: '08:05',
    weeklySummary: 'Sun 18:30',
  };
  expect(alerts(given)).toMatchObject({
    channels: [
      {
        kind: 'webhook',
        name: 'webhook',
        url: { env: 'HOOK_URL' },
        secret: { env: 'HOOK_SECRET' },
      },
    ],
    deadman: { env: 'CHECK_URL' },
    dailySummaryMinute: 485,
    weeklySummary: { weekday: 7, minute: 1_110 },
  });
});

test('a rule that is given in part keeps the rest', () => {
  const { rules } = alerts({
    rules: { 'spend-rate': { halt: 'agent' }, 'queue-lag': { after: '1h' } },
  });
  expect(rules['spend-rate']).toEqual({ factor: 5, halt: 'agent' });
  expect(rules['queue-lag']).toEqual({ afterMs: 3_600_000 });
  expect(rules['disk-low']).toEqual(DEFAULT_RULES['disk-low']);
});

describe('mistakes', () => {
  test.each([
    [{ dailySummary: '8:00' }, 'alerts.dailySummary: "8:00" is not a time of day'],
    [{ weeklySummary: 'Monday 08:00' }, 'alerts.weeklySummary: "Monday 08:00" is not Mon, Tue'],
    [{ weeklySummary: 'Mon 8:00' }, 'alerts.weeklySummary: "8:00" is not a time of day'],
    [{ deadman: 'ftp://x' }, 'alerts.deadman: should begin with https://'],
    [{ deadman: 'https://x.test/a?b=c' }, 'alerts.deadman: should have no query'],
    [{ rules: { 'queue-lg': {} } }, 'did you mean "queue-lag"?'],
    [{ rules: { 'spend-rate': { halt: 'everything' } } }, 'alerts.rules.spend-rate.halt'],
    [{ channel: [] }, 'did you mean "channels"?'],
    [{ channels: [{ kind: 'webhook', url: 'x' }] }, 'alerts.channels[0].url'],
  ])('%j', (value, text) => {
    expect(wrong(value).join('\n')).toContain(text);
  });
});
