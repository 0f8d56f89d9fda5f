import { describe, expect, test } from 'vitest';
import { dayOf, factsOf, settingsOf } from '../../test/facts.ts';
import { keysOf, scene } from '../../test/scene.ts';
import { spendDay } from './spend-day.ts';
import { spendRate } from './spend-rate.ts';

const memory = { observation: scene().observation, deadSeen: scene().deadSeen };
const USD = 1_000_000_000;

describe('spend-day', () => {
  const keys = (...windows: Parameters<typeof dayOf>[0][]): readonly string[] =>
    keysOf(spendDay.evaluate(factsOf(0, { windows: windows.map(dayOf) }), settingsOf(), memory));

  test.each([
    ['nothing', { settledNusd: 0 }, []],
    ['just below', { settledNusd: 0.8 * USD - 1 }, []],
    ['80 %', { settledNusd: 0.5 * USD, presumedNusd: 0.3 * USD }, ['spend-day:80:global']],
    ['all of it', { settledNusd: USD }, ['spend-day:100:global', 'spend-day:80:global']],
    [
      'nearly all of it',
      { settledNusd: 0.99 * USD },
      ['spend-day:100:global', 'spend-day:80:global'],
    ],
    ['holds alone', { heldNusd: USD }, []],
    [
      'anything, where nothing is allowed',
      { capNusd: 0, settledNusd: 1 },
      ['spend-day:100:global', 'spend-day:80:global'],
    ],
    ['nothing, where nothing is allowed', { capNusd: 0 }, []],
    ['an hour window', { window: 'hour', settledNusd: USD }, []],
  ] as const)('%s', (_name, window, expected) => {
    expect(keys(window)).toEqual(expected);
  });

  test('each scope has its own keys', () => {
    const both = keys({ settledNusd: 0.9 * USD }, { scope: 'agent:a', settledNusd: 0.9 * USD });
    expect(both).toEqual(['spend-day:80:agent:a', 'spend-day:80:global']);
  });
});

describe('spend-rate', () => {
  const fires = (last5m: number, last1h: number, usualHour: number): boolean => {
    const rate = {
      agent: 'a',
      last5mNusd: last5m * USD,
      last1hNusd: last1h * USD,
      usualHourNusd: usualHour * USD,
    };
    const facts = factsOf(0, { spendRate: [rate] });
    return spendRate.evaluate(facts, settingsOf(), memory).length > 0;
  };

  test.each([
    ['ten times the usual, in both windows', 0.1, 1, 0.1, true],
    ['the usual', 0.01, 0.1, 0.1, false],
    ['four times the usual', 0.4, 0.4, 0.1, false],
    ['ten times the usual an hour ago, nothing now', 0, 1, 0.1, false],
    ['one dear call in a cheap hour', 0.4, 0.4, 0.2, false],
    ['ten times next to nothing', 0.001, 0.01, 0.001, false],
    ['a stranger below the floor', 0.5, 0.9, 0, false],
    ['a stranger above it', 0.5, 1.1, 0, true],
  ])('%s', (_name, last5m, last1h, usual, expected) => {
    expect(fires(last5m, last1h, usual)).toBe(expected);
  });
});
