import { expect, test } from 'vitest';
import { atLeastTimes, atMost, atMostMore, atMostTimes, toRow } from './row.ts';

const measured = { id: 'x.y', unit: 'ms', ours: 3, note: 'sizes' };
const peer = { name: 'other', value: 2 };

test('a row without peer and budget says so with nulls, and breaks nothing', () => {
  expect(toRow(measured)).toEqual({
    id: 'x.y',
    unit: 'ms',
    ours: 3,
    peer: null,
    peerName: null,
    ratio: null,
    budget: null,
    ok: true,
    budgetOn: null,
    budgetLimit: null,
    spread: null,
    note: 'sizes',
  });
});

test('the ratio is ours divided by the peer’s', () => {
  expect(toRow({ ...measured, peer })).toMatchObject({ peer: 2, peerName: 'other', ratio: 1.5 });
});

test.each([
  ['ours at the limit', atMost(3), true],
  ['ours above the limit', atMost(2.9), false],
  ['the ratio at the limit', atMostTimes(1.5), true],
  ['the ratio above the limit', atMostTimes(1.4), false],
  ['the ratio below what it must reach', atLeastTimes(1.6), false],
  ['the ratio at what it must reach', atLeastTimes(1.5), true],
  ['the difference at the limit', atMostMore(1), true],
  ['the difference above the limit', atMostMore(0.9), false],
])('%s', (_, budget, ok) => {
  expect(toRow({ ...measured, peer, budget })).toMatchObject({ ok, budget: budget.value });
});

test('a budget is judged by the exact number and shown by the rounded one', () => {
  const row = toRow({ ...measured, ours: 50.04, budget: atMost(50) });
  expect(row).toMatchObject({ ours: 50, ok: false });
});

test('a number that is none keeps no budget', () => {
  expect(toRow({ ...measured, ours: Number.NaN, budget: atMost(1) }).ok).toBe(false);
});

test('a budget on a ratio needs a peer', () => {
  expect(() => toRow({ ...measured, budget: atMostTimes(2) })).toThrow(
    'x.y: a budget on the ratio',
  );
});
