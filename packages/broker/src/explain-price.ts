import type { EndpointSettings, Nusd } from '@nightshift/domain';
import { CALL_MAX_MS } from '@nightshift/domain';
import { boundOf, type Rates } from './cost.ts';
import { PRICE_TABLE_AT, PRICE_TABLE_VERSION, tablePrice } from './price-table.ts';
import { type Price, priceOf } from './prices.ts';

/** A table older than this may miss a change of price: providers announce those weeks ahead. */
export const PRICE_TABLE_OLD_DAYS = 60;

/** The call the example bound is made for: a prompt of some pages, an answer of one. */
const EXAMPLE = { inputBytes: 10_000, outputTokens: 1_000 } as const;

/** Inputs at which providers are known to start a dearer tier, and one below them all. */
const PROBES = [1_000, 128_001, 200_001, 256_001, 272_001, 1_000_001] as const;

/** Why a model costs what it costs at one endpoint. */
export interface PriceExplanation {
  readonly endpoint: string;
  readonly model: string;
  /** False: the gates would refuse the model there, whatever its price. */
  readonly configured: boolean;
  /** What is recorded with each call. */
  readonly version: string;
  readonly source: 'table' | 'own' | 'free';
  /** The rates from this many input tokens on; the first entry is what small calls cost. */
  readonly tiers: readonly { readonly fromInputTokens: number; readonly rates: Rates }[];
  readonly example: typeof EXAMPLE & { readonly boundNusd: Nusd };
}

/** The bundled table and its age. */
export interface PriceTableAge {
  readonly version: string;
  readonly days: number;
  readonly old: boolean;
}

/** @param now epoch ms */
export function priceTableAge(now: number): PriceTableAge {
  const days = Math.max(0, Math.floor((now - PRICE_TABLE_AT) / 86_400_000));
  return { version: PRICE_TABLE_VERSION, days, old: days > PRICE_TABLE_OLD_DAYS };
}

/** @returns the explanation, or a sentence why the price is unknown and the model refused. */
export function explainPrice(
  endpoint: EndpointSettings,
  model: string,
  now: number,
): PriceExplanation | { readonly unknown: string; readonly endpoint: string } {
  const declared = Object.hasOwn(endpoint.models, model) ? endpoint.models[model] : undefined;
  const found =
    declared === undefined
      ? tablePrice(endpoint.baseUrl, model, now, CALL_MAX_MS)
      : priceOf(endpoint, model, now);
  if ('unknown' in found) return { unknown: found.unknown, endpoint: endpoint.name };
  const { price } = found;
  const cacheWrites = endpoint.protocol === 'anthropic' ? 'long' : 'none';
  const { inputBytes, outputTokens } = EXAMPLE;
  // A byte is at least as much as a token, so the bytes bound the tokens.
  const bound = { inputTokens: inputBytes, outputTokens, cacheWrites } as const;
  return {
    endpoint: endpoint.name,
    model,
    configured: declared !== undefined,
    version: price.version,
    source: declared?.kind ?? 'table',
    tiers: tiersOf(price),
    example: { ...EXAMPLE, boundNusd: boundOf(price.worst(inputBytes), bound) },
  };
}

function tiersOf(price: Price): PriceExplanation['tiers'] {
  const tiers: { fromInputTokens: number; rates: Rates }[] = [];
  for (const probe of PROBES) {
    const rates = price.rates(probe);
    const last = tiers.at(-1);
    if (last !== undefined && JSON.stringify(last.rates) === JSON.stringify(rates)) continue;
    tiers.push({ fromInputTokens: last === undefined ? 0 : probe, rates });
  }
  return tiers;
}
