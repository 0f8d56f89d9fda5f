import type { Incident } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { delayed, digestMessage, duration, incidentMessage, reportMessage } from './message.ts';

const AT = Date.UTC(2026, 10, 22, 12, 3);
const INCIDENT: Incident = {
  id: 'inc-1',
  key: 'service-silent:worker',
  rule: 'service-silent',
  severity: 'page',
  state: 'resolved',
  title: 'The worker is silent',
  detail: 'No beat.',
  badTicks: 1,
  goodTicks: 2,
  firstSeenAt: AT,
  openedAt: AT,
  resolvedAt: AT + 28 * 60_000,
  remindAt: null,
  ackedUntil: null,
  ackedBy: null,
};

test('the end tells the whole story with its real times', () => {
  const message = incidentMessage({ kind: 'resolved', incident: INCIDENT });
  expect(message).toEqual({
    title: 'Resolved: The worker is silent',
    body: 'No beat.\nFrom 2026-11-22 12:03:00 UTC to 2026-11-22 12:31:00 UTC (28 min).',
    severity: 'page',
    resolved: true,
    ref: 'inc-1',
    runbook: 'RUNBOOK.md#service-silent',
  });
});

test('a reminder says that it is one', () => {
  const incident = { ...INCIDENT, state: 'open', resolvedAt: null } as const;
  const message = incidentMessage({ kind: 'reminder', incident });
  expect(message.title).toBe('Still: The worker is silent');
  expect(message.body).toContain('Since 2026-11-22 12:03:00 UTC.');
});

test('a report is made safe and cut to a teaser', () => {
  const report = {
    id: 'rep-1',
    job: 'job-1',
    agent: 'digest',
    createdAt: AT,
    title: 'Morning\nnews',
    body: `\u001b]0;evil\u0007${'x'.repeat(5_000)}`,
    data: null,
    notify: true,
  };
  const message = reportMessage(report);
  expect(message.title).toBe('digest: Morning news');
  expect(message.body).toHaveLength(1_500);
  expect(message.body).toMatch(/^x+…$/);
});

test('lateness is said when it is worth a word', () => {
  const message = incidentMessage({ kind: 'open', incident: INCIDENT });
  expect(delayed(message, 119_000)).toBe(message);
  expect(delayed(message, 28 * 60_000).body).toContain('comes 28 min late');
});

test('a digest keeps the worst severity and every title', () => {
  const one = incidentMessage({ kind: 'open', incident: { ...INCIDENT, severity: 'warn' } });
  const digest = digestMessage([one, { ...one, severity: 'info', title: 'other' }]);
  expect(digest.severity).toBe('warn');
  expect(digest.body).toBe('- The worker is silent\n- other');
});

describe('duration', () => {
  test.each([
    [0, '0 s'],
    [119_400, '119 s'],
    [120_000, '2 min'],
    [119 * 60_000, '119 min'],
    [200 * 60_000, '3 h 20 min'],
  ])('%i ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});
