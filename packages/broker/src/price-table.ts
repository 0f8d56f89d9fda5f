import {
  calcPrice,
  findProvider,
  type MatchLogic,
  type ModelInfo,
  type ModelPrice,
  type Provider,
} from '@pydantic/genai-prices';
import { rateFromUsdPerMTok } from '@nightshift/domain';
import { dearest, type Rates } from './cost.ts';
import type { Price } from './prices.ts';

/**
 * The bundled price table. Its own lookup is made for estimates after the fact: it lower-cases and
 * trims names, matches `starts_with: gpt-5-nano-` and rewrites date suffixes, so a model that was
 * released after the table would silently get an older one's price. Here a name counts only when
 * the table spells it out: as an id, an `equals`, or a pattern anchored at both ends; in exactly one
 * model of the provider that the endpoint's URL belongs to; and when the library's own lookup
 * arrives at that same model. Everything else is unknown.
 */
export const PRICE_TABLE_VERSION = 'genai-prices@0.1.8';
/** When that version was published. */
export const PRICE_TABLE_AT = Date.parse('2026-09-23T00:00:00Z');

/** @returns the price, or a sentence why there is none. */
export function tablePrice(
  baseUrl: string,
  model: string,
  at: number,
  spanMs: number,
): { price: Price } | { unknown: string } {
  const provider = providerOf(baseUrl);
  if (provider === null) {
    return { unknown: 'no provider in the price table serves the URL of this endpoint' };
  }
  const entry = exactModel(provider, model);
  if (entry === null) {
    return { unknown: `${model} is not spelled like this in the price table of ${provider.id}` };
  }
  const now = ratesAt(provider, model, entry, at);
  // Prices may change by date or time of day while a call runs; no window is under ten minutes.
  const during = [spanMs / 3, (2 * spanMs) / 3, spanMs].map((later) =>
    ratesAt(provider, model, entry, at + later),
  );
  if (now === null || during.includes(null)) {
    return { unknown: `the price of ${model} has parts that tokens alone do not decide` };
  }
  const all = [now, ...(during as (typeof now)[])] as const;
  return {
    price: {
      version: `${PRICE_TABLE_VERSION}/${provider.id}/${entry.id}`,
      inputOnly: now.inputOnly,
      rates: (inputTokens) => now.at(inputTokens),
      worst: (inputTokens) => {
        const [first, ...rest] = all.map((tiers) => tiers.worst(inputTokens));
        return dearest([first!, ...rest]);
      },
    },
  };
}

/** The model's entry at the endpoint's provider, by its exact name, or null. */
export function tableModel(baseUrl: string, model: string): string | null {
  const provider = providerOf(baseUrl);
  return provider === null ? null : (exactModel(provider, model)?.id ?? null);
}

/**
 * Patterns of the table are anchored only at the front, so `https://api.openai.com.example` would
 * match too: after the match the host must be over.
 */
function providerOf(url: string): Provider | null {
  const provider = findProvider({ providerApiUrl: url });
  if (provider === undefined) return null;
  const matched = new RegExp(`^(?:${provider.api_pattern})`).exec(url)?.[0] ?? '';
  const rest = url.slice(matched.length);
  return rest === '' || matched.endsWith('/') || /^[/:]/.test(rest) ? provider : null;
}

function exactModel(provider: Provider, name: string): ModelInfo | null {
  const exact = provider.models.filter((model) => spells(model, name));
  const [only] = exact;
  if (only === undefined || exact.length > 1) return null;
  return calcPrice({}, name, { provider })?.model.id === only.id ? only : null;
}

function spells(model: ModelInfo, name: string): boolean {
  return model.id === name || matchesExactly(model.match, name);
}

function matchesExactly(match: MatchLogic, name: string): boolean {
  if ('equals' in match) return match.equals === name;
  if ('or' in match) return match.or.some((each) => matchesExactly(each, name));
  if ('regex' in match) return isAnchored(match.regex) && new RegExp(match.regex).test(name);
  return false;
}

/** `^…$` without an alternative outside of a group, and without "anything goes". */
function isAnchored(regex: string): boolean {
  return /^\^[^|*+]*\$$/.test(regex);
}

/** The rates of one moment, tier by tier. */
interface Tiers {
  readonly inputOnly: boolean;
  at(inputTokens: number): Rates;
  worst(inputTokens: number): Rates;
}

type TablePrice = ModelPrice[string];

/** Parts of a price that cannot apply to text without server-side tools, which wires refuse. */
const OTHER_METERS = /audio|image|video|document|^web_searches_kcount$|^storage_searches_kcount$/;
const TEXT_METERS: ReadonlySet<string> = new Set([
  'input_mtok',
  'output_mtok',
  'output_reasoning_mtok',
  'cache_read_mtok',
  'cache_write_mtok',
  'cache_write_1h_mtok',
]);

function ratesAt(provider: Provider, name: string, entry: ModelInfo, at: number): Tiers | null {
  const found = calcPrice({}, name, { provider, timestamp: new Date(at) });
  if (found === null || found.model.id !== entry.id) return null;
  const price = found.model_price;
  const meters = Object.keys(price).filter((meter) => !OTHER_METERS.test(meter));
  if (!meters.every((meter) => TEXT_METERS.has(meter))) return null;
  if (price['input_mtok'] === undefined) return null;
  const starts = [...new Set([0, ...meters.flatMap((meter) => startsOf(price[meter]))])];
  const rates = (inputTokens: number) => ratesFor(price, inputTokens);
  return {
    inputOnly: price['output_mtok'] === undefined,
    at: rates,
    // Just above each start that a call of at most this size can reach.
    worst: (inputTokens) => {
      const reached = starts
        .filter((start) => start < inputTokens)
        .map((start) => rates(start + 1));
      return dearest([rates(inputTokens), ...reached]);
    },
  };
}

function ratesFor(price: ModelPrice, inputTokens: number): Rates {
  const rate = (meter: string): number | null => {
    const usd = usdAt(price[meter], inputTokens);
    return usd === null ? null : rateFromUsdPerMTok(usd);
  };
  const input = rate('input_mtok') ?? 0;
  const write = rate('cache_write_mtok') ?? input;
  return {
    inputNusdPerMTok: input,
    cachedInputNusdPerMTok: rate('cache_read_mtok') ?? input,
    cacheWriteNusdPerMTok: write,
    cacheWriteLongNusdPerMTok: rate('cache_write_1h_mtok') ?? Math.max(write, 2 * input),
    outputNusdPerMTok: Math.max(rate('output_mtok') ?? 0, rate('output_reasoning_mtok') ?? 0),
  };
}

/** A tier applies to all tokens of a call whose input is above its start, as the library reads it. */
function usdAt(price: TablePrice, inputTokens: number): number | null {
  if (price === undefined || typeof price === 'number') return price ?? null;
  const reached = price.tiers.filter((tier) => tier.start < inputTokens);
  const last = reached.toSorted((a, b) => a.start - b.start).at(-1);
  return last?.price ?? price.base;
}

function startsOf(price: TablePrice): number[] {
  return typeof price === 'object' ? price.tiers.map((tier) => tier.start) : [];
}
