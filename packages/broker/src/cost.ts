import type { Nusd, TokenRates } from '@nightshift/domain';
import type { MeteredUsage, TokenBound } from './wire.ts';

/** Nano-dollars per million tokens, with the rate of the long-lived cache write beside the short. */
export interface Rates extends TokenRates {
  readonly cacheWriteLongNusdPerMTok: number;
}

const PER_MTOK = 1_000_000n;

/**
 * Cost of what was used, in nano-dollars. All products are added before the one division, which
 * rounds up: rounding each would book up to three nano-dollars that nobody charges.
 *
 * @throws RangeError for a count or rate that is not whole, or a sum beyond 2^53.
 */
export function costOf(rates: Rates, usage: MeteredUsage): Nusd {
  const written = Math.min(usage.cacheWriteTokens, usage.inputTokens);
  const long = Math.min(usage.cacheWriteLongTokens ?? 0, written);
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens - written);
  return sumOf([
    [usage.inputTokens - written - cached, rates.inputNusdPerMTok],
    [cached, rates.cachedInputNusdPerMTok],
    [written - long, rates.cacheWriteNusdPerMTok],
    [long, rates.cacheWriteLongNusdPerMTok],
    [usage.outputTokens, rates.outputNusdPerMTok],
  ]);
}

/** The most a call can cost: every input token at the dearest rate of input that can apply to it. */
export function boundOf(rates: Rates, bound: TokenBound): Nusd {
  const input = [rates.inputNusdPerMTok, rates.cachedInputNusdPerMTok];
  if (bound.cacheWrites !== 'none') input.push(rates.cacheWriteNusdPerMTok);
  if (bound.cacheWrites === 'long') input.push(rates.cacheWriteLongNusdPerMTok);
  return sumOf([
    [bound.inputTokens, Math.max(...input)],
    [bound.outputTokens, rates.outputNusdPerMTok],
  ]);
}

/** Each meter at its dearest. */
export function dearest(rates: readonly [Rates, ...Rates[]]): Rates {
  const most = (meter: keyof Rates) => Math.max(...rates.map((each) => each[meter]));
  return {
    inputNusdPerMTok: most('inputNusdPerMTok'),
    cachedInputNusdPerMTok: most('cachedInputNusdPerMTok'),
    cacheWriteNusdPerMTok: most('cacheWriteNusdPerMTok'),
    cacheWriteLongNusdPerMTok: most('cacheWriteLongNusdPerMTok'),
    outputNusdPerMTok: most('outputNusdPerMTok'),
  };
}

function sumOf(parts: readonly (readonly [tokens: number, rate: number])[]): Nusd {
  let sum = 0n;
  for (const [tokens, rate] of parts) {
    if (!isCount(tokens) || !isCount(rate)) throw new RangeError(`${tokens} tokens at ${rate}`);
    sum += BigInt(tokens) * BigInt(rate);
  }
  const nusd = Number((sum + PER_MTOK - 1n) / PER_MTOK);
  if (!isCount(nusd)) throw new RangeError('a cost beyond 2^53 nano-dollars');
  return nusd;
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}
