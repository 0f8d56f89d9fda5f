import { NightshiftError } from './error.ts';

/**
 * Money is a whole number of nano-dollars in a JS number: exact up to 2^53 nUSD, about nine million
 * dollars, far above any cap. Products (tokens x rate) pass through BigInt, because 75 USD per
 * million tokens times a million tokens is already 7.5e16. Every division rounds up: a fraction of
 * a nano-dollar is owed, never forgiven.
 */
export type Nusd = number;

/** How a person writes money in the configuration: `$` and exact decimals, at most nine. */
export type Usd = `$${number}`;

export const NUSD_PER_USD = 1_000_000_000;

const USD_PATTERN = /^\$(\d{1,7})(?:\.(\d{1,9}))?$/;

/**
 * Parses `$1.25` into nano-dollars.
 * @throws NightshiftError `bad-money` for anything but `$`, up to seven digits and up to nine
 * decimals: no sign, exponent, comma or space.
 */
export function parseUsd(text: string, at?: string): Nusd {
  const match = USD_PATTERN.exec(text);
  if (match === null) {
    throw new NightshiftError('bad-money', `${JSON.stringify(text)} is not an amount of money`, {
      at,
      fix: 'write dollars with a point and at most nine decimals, such as "$1.25"',
    });
  }
  const whole = Number(match[1]);
  const fraction = Number((match[2] ?? '').padEnd(9, '0'));
  return whole * NUSD_PER_USD + fraction;
}

/** Nano-dollars as `$1.25`: at least two decimals, as many as are needed to be exact. */
export function formatUsd(nusd: Nusd): string {
  const sign = nusd < 0 ? '-' : '';
  const abs = BigInt(Math.abs(nusd));
  const whole = abs / BigInt(NUSD_PER_USD);
  const digits = (abs % BigInt(NUSD_PER_USD)).toString().padStart(9, '0');
  const decimals = digits.replace(/0+$/, '').padEnd(2, '0');
  return `${sign}$${whole}.${decimals}`;
}

/**
 * Price of `tokens` at `rate` nano-dollars per million tokens, rounded up to a whole nano-dollar.
 * @throws RangeError when either is negative or not a whole number, or the product leaves 2^53.
 */
export function tokenCost(tokens: number, rateNusdPerMTok: number): Nusd {
  if (!isCount(tokens) || !isCount(rateNusdPerMTok)) {
    throw new RangeError(`tokenCost(${tokens}, ${rateNusdPerMTok}): whole numbers from 0`);
  }
  const product = BigInt(tokens) * BigInt(rateNusdPerMTok);
  const nusd = (product + 999_999n) / 1_000_000n;
  if (nusd > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`tokenCost(${tokens}, ${rateNusdPerMTok}): more than 2^53 nano-dollars`);
  }
  return Number(nusd);
}

/** Rate in nano-dollars per million tokens of a price in dollars per million, rounded up. */
export function rateFromUsdPerMTok(usd: number): number {
  // A decimal such as 0.1 has no exact double; toFixed gives the nearest nine decimals, and
  // anything below them is rounded up rather than lost.
  const nusd = Math.ceil(Number((usd * NUSD_PER_USD).toFixed(3)));
  if (!isCount(nusd)) throw new RangeError(`price ${usd} USD per million tokens`);
  return nusd;
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}
