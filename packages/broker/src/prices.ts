import type { EndpointSettings, ModelPrice } from '@nightshift/domain';
import { CALL_MAX_MS } from '@nightshift/domain';
import { dearest, type Rates } from './cost.ts';
import { tablePrice } from './price-table.ts';

/**
 * What a model costs at an endpoint. The operator's word comes first (`own` rates, or `free` for
 * that very pair); otherwise the bundled table, which never fetches anything. There is no default:
 * an unknown price is a refusal.
 */
export interface Price {
  /** Recorded with each call, so that a row can be explained after the table has changed. */
  readonly version: string;
  /** There is no price for output: only calls without any (embeddings) can be charged by it. */
  readonly inputOnly: boolean;
  /** Rates for a call with so many input tokens in all. */
  readonly rates: (inputTokens: number) => Rates;
  /** Each meter at its dearest for any call of at most so many input tokens, started now. */
  readonly worst: (inputTokens: number) => Rates;
}

/** @returns the price, or a sentence why there is none. `at` is epoch ms. */
export function priceOf(
  endpoint: EndpointSettings,
  model: string,
  at: number,
): { price: Price } | { unknown: string } {
  const declared: ModelPrice | undefined = Object.hasOwn(endpoint.models, model)
    ? endpoint.models[model]
    : undefined;
  if (declared === undefined) return { unknown: `${model} is not configured at ${endpoint.name}` };
  if (declared.kind === 'table') return tablePrice(endpoint.baseUrl, model, at, CALL_MAX_MS);
  return { price: declared.kind === 'free' ? FREE : ownPrice(declared.rates) };
}

function ownPrice(own: Extract<ModelPrice, { kind: 'own' }>['rates']): Price {
  const { inputNusdPerMTok, cacheWriteNusdPerMTok } = own;
  // Providers with a one-hour cache charge twice the input for it; nobody has charged less.
  const long = Math.max(cacheWriteNusdPerMTok, 2 * inputNusdPerMTok);
  const rates: Rates = { ...own, cacheWriteLongNusdPerMTok: long };
  const { cachedInputNusdPerMTok, outputNusdPerMTok } = own;
  const meters = [inputNusdPerMTok, cachedInputNusdPerMTok, cacheWriteNusdPerMTok];
  return flat(`own:${[...meters, outputNusdPerMTok].join('/')}`, rates);
}

function flat(version: string, rates: Rates): Price {
  return { version, inputOnly: false, rates: () => rates, worst: () => dearest([rates]) };
}

const FREE: Price = flat('free', {
  inputNusdPerMTok: 0,
  cachedInputNusdPerMTok: 0,
  cacheWriteNusdPerMTok: 0,
  cacheWriteLongNusdPerMTok: 0,
  outputNusdPerMTok: 0,
});
