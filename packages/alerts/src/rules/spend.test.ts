import { describe, expect, test } from 'vitest';
import { dayOf, factsOf, settingsOf, withRule } from '../../test/facts.ts';
import { keysOf, scene } from '../../test/scene.ts';
import { spendWindow } from './spend-window.ts';
import { estimateBreached } from './estimate-breached.ts';
import { spendRate } from './spend-rate.ts';

const memory = { observation: scene().observation, deadSeen: scene().deadSeen };
const USD = 1_000_000_000;

describe('spend-window', () => {
  const keys = (...windows: Parameters<typeof dayOf>[0][]): readonly string[] =>
    keysOf(spendWindow.evaluate(factsOf(0, { windows: windows.map(dayOf) }), settingsOf(), memory));

  test.each([
    ['nothing', { settledNusd: 0 }, []],
    ['just below', { settledNusd: 0.8 * USD - 1 }, []],
    ['80 %', { settledNusd: 0.5 * USD, presumedNusd: 0.3 * USD }, ['spend-window:80:day:global']],
    [
      'all of it',
      { settledNusd: USD },
      ['spend-window:100:day:global', 'spend-window:80:day:global'],
    ],
    [
      'nearly all of it',
      { settledNusd: 0.99 * USD },
      ['spend-window:100:day:global', 'spend-window:80:day:global'],
    ],
    ['holds alone', { heldNusd: USD }, []],
    [
      'anything, where nothing is allowed',
      { capNusd: 0, settledNusd: 1 },
      ['spend-window:100:day:global', 'spend-window:80:day:global'],
    ],
    ['nothing, where nothing is allowed', { capNusd: 0 }, []],
    ['an hour, nearly', { window: 'hour', settledNusd: 0.9 * USD }, []],
    ['an hour', { window: 'hour', settledNusd: USD }, ['spend-window:100:hour:global']],
    ['half a month', { window: 'month', settledNusd: USD / 2 }, ['spend-window:50:month:global']],
  ] as const)('%s', (_name, window, expected) => {
    expect(keys(window)).toEqual(expected);
  });

  test('each scope has its own keys', () => {
    const both = keys({ settledNusd: 0.9 * USD }, { scope: 'agent:a', settledNusd: 0.9 * USD });
    expect(both).toEqual(['spend-window:80:day:agent:a', 'spend-window:80:day:global']);
  });
});

describe('a brake', () => {
  const spent = [
    dayOf({ settledNusd: USD }),
    dayOf({ scope: 'agent:a', settledNusd: USD }),
    dayOf({ scope: 'agent:b', settledNusd: 0.9 * USD }),
  ];
  const brakes = (halt: 'none' | 'agent' | 'all') =>
    spendWindow
      .evaluate(factsOf(0, { windows: spent }), withRule('spend-window', { halt }), memory)
      .flatMap((it) => (it.brake === undefined ? [] : [it.brake]));

  test('is put on where it is set, for a whole window, and for an agent only where it is one', () => {
    expect(brakes('none')).toEqual([]);
    expect(brakes('agent')).toEqual([{ agent: 'a' }]);
    expect(brakes('all')).toEqual(['all', 'all']);
  });

  test('of the rate rule names the agent', () => {
    const rate = { agent: 'a', last5mNusd: USD, last1hNusd: 2 * USD, usualHourNusd: 0 };
    const settings = withRule('spend-rate', { factor: 5, halt: 'agent' });
    const [finding] = spendRate.evaluate(factsOf(0, { spendRate: [rate] }), settings, memory);
    expect(finding?.brake).toEqual({ agent: 'a' });
  });
});

describe('estimate-breached', () => {
  test('names agent, model and what was too much', () => {
    const over = { agent: 'a', endpoint: 'x', model: 'm', calls: 2, excessNusd: USD };
    const facts = factsOf(0, { overBound: [over] });
    const settings = withRule('estimate-breached', { halt: 'all' });
    expect(estimateBreached.evaluate(factsOf(0), settings, memory)).toEqual([]);
    expect(estimateBreached.evaluate(facts, settings, memory)).toMatchObject([
      { key: 'estimate-breached:a:x:m', severity: 'page', brake: 'all' },
    ]);
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
