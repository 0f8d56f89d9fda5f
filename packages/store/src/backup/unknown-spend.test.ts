import { parseUsd, type Budget } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { unknownSpend, type KnownWindow } from './unknown-spend.ts';

function caps(words: Readonly<Record<string, `$${number}`>>): readonly Budget[] {
  return Object.entries(words).map(([name, cap]) => {
    const [scope, window] = name.split(' ') as [Budget['scope'], Budget['window']];
    return { scope, window, capNusd: parseUsd(cap) };
  });
}

function known(name: string, spent: `$${number}`, raised: `$${number}` = '$0.00'): KnownWindow {
  const [scope = '', window = '', key = ''] = name.split(' ');
  return { scope, window, key, spentNusd: parseUsd(spent), raisedNusd: parseUsd(raised) };
}

/** Charges by window, in dollars. */
function charged(
  from: string,
  to: string,
  budgets: readonly Budget[],
  windows: readonly KnownWindow[] = [],
  timezone = 'UTC',
): Record<string, number> {
  const gap = { from: Date.parse(from), to: Date.parse(to), timezone, caps: budgets };
  const charges = unknownSpend({ ...gap, known: windows });
  return Object.fromEntries(
    charges.map((it) => [`${it.scope} ${it.window} ${it.key}`, it.nusd / 1e9]),
  );
}

const USUAL = caps({ 'global hour': '$0.50', 'global day': '$1.00', 'global month': '$20.00' });

test('on the same day, what was left of the day is gone, and of the month no more than that', () => {
  const windows = [
    known('global day 2026-03-10', '$0.30'),
    known('global month 2026-03', '$4.00'),
    known('global hour 2026-03-10T04Z', '$0.20'),
  ];
  expect(charged('2026-03-10T04:30:00Z', '2026-03-10T10:15:00Z', USUAL, windows)).toEqual({
    'global hour 2026-03-10T10Z': 0.5,
    'global day 2026-03-10': 0.7,
    'global month 2026-03': 0.7,
  });
});

test('within the hour of the backup, no more than that hour can have given', () => {
  const windows = [known('global hour 2026-03-10T04Z', '$0.45')];
  expect(charged('2026-03-10T04:10:00Z', '2026-03-10T04:50:00Z', USUAL, windows)).toEqual({
    'global hour 2026-03-10T04Z': expect.closeTo(0.05, 9),
    'global day 2026-03-10': expect.closeTo(0.05, 9),
    'global month 2026-03': expect.closeTo(0.05, 9),
  });
});

test('a day that began a moment ago has given no more than its hours', () => {
  const at = charged('2026-03-08T23:00:00Z', '2026-03-10T00:10:00Z', USUAL);
  // One hour of the backup's day, one whole day, one hour of today.
  expect(at).toEqual({
    'global hour 2026-03-10T00Z': 0.5,
    'global day 2026-03-10': 0.5,
    'global month 2026-03': 2,
  });
});

test('a month later, the month is charged by its own days alone, and never above its cap', () => {
  const tight = caps({ 'global day': '$1.00', 'global month': '$5.00' });
  expect(charged('2026-02-20T04:00:00Z', '2026-03-03T12:00:00Z', tight)).toEqual({
    'global day 2026-03-03': 1,
    'global month 2026-03': 3,
  });
  expect(charged('2025-02-20T04:00:00Z', '2026-03-20T12:00:00Z', tight)).toMatchObject({
    'global month 2026-03': 5,
  });
});

test('a cap that was raised, and one that is overspent, are neither reopened nor below nothing', () => {
  const day = caps({ 'global day': '$1.00' });
  const raised = [known('global day 2026-03-10', '$0.90', '$2.00')];
  const over = [known('global day 2026-03-10', '$1.20')];
  const [from, to] = ['2026-03-10T04:00:00Z', '2026-03-10T05:00:00Z'];
  expect(charged(from, to, day, raised)).toEqual({ 'global day 2026-03-10': 2.1 });
  expect(charged(from, to, day, over)).toEqual({});
});

test('an agent spent no more than everybody, and its own caps hold too', () => {
  const budgets = caps({
    'global day': '$1.00',
    'agent:a day': '$5.00',
    'agent:b day': '$0.25',
    'agent:b job': '$0.10',
  });
  const windows = [known('global day 2026-03-10', '$0.60')];
  expect(charged('2026-03-10T04:00:00Z', '2026-03-10T05:00:00Z', budgets, windows)).toEqual({
    'global day 2026-03-10': 0.4,
    'agent:a day 2026-03-10': 0.4,
    'agent:b day 2026-03-10': 0.25,
  });
});

test('the day is the day of the zone, also when it has 25 hours', () => {
  const hourly = caps({ 'global hour': '$0.10', 'global day': '$9.00' });
  const at = charged('2026-10-20T00:00:00Z', '2026-10-25T22:30:00Z', hourly, [], 'Europe/Berlin');
  expect(at['global day 2026-10-25']).toBeCloseTo(2.5, 9);
});
