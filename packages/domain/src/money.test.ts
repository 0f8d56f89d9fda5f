import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatUsd, parseUsd, rateFromUsdPerMTok, tokenCost } from './money.ts';

describe('money', () => {
  test('is parsed exactly, to the nano-dollar', () => {
    expect(parseUsd('$1.25')).toBe(1_250_000_000);
    expect(parseUsd('$0.000000001')).toBe(1);
    expect(parseUsd('$9000000')).toBe(9_000_000_000_000_000);
  });

  test.each(['$1,00', '$-1', '-$1', '$1e3', '$0.1234567891', '1.00', '$', '$ 1', '$1.', '$.5', ''])(
    '%j is refused, with what to write instead',
    (text) => {
      expect(() => parseUsd(text, 'budget.perDay')).toThrow(
        expect.objectContaining({ code: 'bad-money', at: 'budget.perDay' }),
      );
    },
  );

  test('is printed as it can be parsed again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9e15 }), (nusd) => {
        expect(parseUsd(formatUsd(nusd))).toBe(nusd);
      }),
    );
    expect(formatUsd(-1_500_000_000)).toBe('-$1.50');
  });

  test('of tokens is rounded up and never loses a product beyond 2^53', () => {
    expect(tokenCost(1, 1)).toBe(1);
    expect(tokenCost(0, 75_000_000_000)).toBe(0);
    expect(tokenCost(1_000_000, 75_000_000_000)).toBe(75_000_000_000);
    expect(() => tokenCost(-1, 1)).toThrow(RangeError);
    expect(() => tokenCost(1.5, 1)).toThrow(RangeError);
    expect(() => tokenCost(1e15, 1e12)).toThrow(RangeError);
  });

  test('of more tokens is never less', () => {
    const count = fc.integer({ min: 0, max: 2_000_000 });
    fc.assert(
      fc.property(count, count, fc.integer({ min: 0, max: 75_000_000_000 }), (a, b, rate) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(tokenCost(low, rate)).toBeLessThanOrEqual(tokenCost(high, rate));
      }),
    );
  });

  test('rates from a table of floats are not rounded down', () => {
    expect(rateFromUsdPerMTok(0.1)).toBe(100_000_000);
    expect(rateFromUsdPerMTok(0.1 + 0.2)).toBe(300_000_000);
    expect(rateFromUsdPerMTok(0.000_000_000_4)).toBe(1);
  });
});
