import { boundOf, type Rates } from '../../packages/broker/src/cost.ts';
import type { Admitted } from '../../packages/broker/src/charge.ts';
import { priceOf } from '../../packages/broker/src/prices.ts';
import type { TokenBound } from '../../packages/broker/src/wire.ts';

/** Dollars for a million tokens, in nano-dollars: dear enough that a mistake shows. */
export const RATES = {
  inputNusdPerMTok: 3_000_000_000,
  cachedInputNusdPerMTok: 300_000_000,
  cacheWriteNusdPerMTok: 3_750_000_000,
  outputNusdPerMTok: 15_000_000_000,
};

/** A call that was let through at these rates. */
export function admittedAt(bound: TokenBound): Admitted {
  const endpoint = {
    name: 'e',
    protocol: 'openai',
    baseUrl: 'https://a.test',
    apiKey: null,
    models: { m: { kind: 'own', rates: RATES } },
  } as const;
  const found = priceOf(endpoint, 'm', 0);
  if ('unknown' in found) throw new Error(found.unknown);
  const rates: Rates = found.price.worst(bound.inputTokens);
  return { endpoint, model: 'm', price: found.price, boundNusd: boundOf(rates, bound), at: 0 };
}
