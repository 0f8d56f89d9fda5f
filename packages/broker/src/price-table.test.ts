import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { EndpointSettings, ModelPrice } from '@nightshift/domain';
import { calcPrice } from '@pydantic/genai-prices';
import { expect, test } from 'vitest';
import { boundOf, costOf } from './cost.ts';
import { PRICE_TABLE_VERSION } from './price-table.ts';
import { priceOf, type Price } from './prices.ts';

const AT = Date.parse('2026-11-01T00:00:00Z');
const OPENAI = 'https://api.openai.com/v1';
const ANTHROPIC = 'https://api.anthropic.com';
const TABLE: ModelPrice = { kind: 'table' };

function lookUp(baseUrl: string, model: string, price: ModelPrice = TABLE) {
  const models = { [model]: price };
  const endpoint: EndpointSettings = {
    name: 'e',
    protocol: 'openai',
    baseUrl,
    apiKey: null,
    models,
  };
  return priceOf(endpoint, model, AT);
}

function priceAt(baseUrl: string, model: string): Price {
  const found = lookUp(baseUrl, model);
  if ('unknown' in found) throw new Error(found.unknown);
  return found.price;
}

test('the version recorded is that of the package', () => {
  const entry = createRequire(import.meta.url).resolve('@pydantic/genai-prices');
  const manifest = readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  expect(PRICE_TABLE_VERSION).toBe(`genai-prices@${version}`);
});

test('a name the table spells out has its price, in whole nano-dollars', () => {
  const price = priceAt(OPENAI, 'gpt-4o');
  expect(price.version).toBe(`${PRICE_TABLE_VERSION}/openai/gpt-4o`);
  expect(price.rates(1_000)).toMatchObject({
    inputNusdPerMTok: 2_500_000_000,
    cachedInputNusdPerMTok: 1_250_000_000,
    outputNusdPerMTok: 10_000_000_000,
  });
});

test.each([
  ['a new release', OPENAI, 'gpt-99'],
  ['a date suffix', OPENAI, 'gpt-4o-2031-01-01'],
  ['a date suffix of a prefix rule', ANTHROPIC, 'claude-haiku-4-5-20310101'],
  ['anything behind a prefix rule', OPENAI, 'gpt-5-nano-anything'],
  ['upper case', OPENAI, 'GPT-4o'],
  ['a blank', OPENAI, ' gpt-4o'],
  ['a provider prefix', OPENAI, 'openai/gpt-4o'],
  ['a model of another provider', OPENAI, 'claude-haiku-4-5'],
  ['words that merely contain', OPENAI, 'my-moderation-thing'],
  ['a price that is not by the token', OPENAI, 'whisper-1'],
  ['a URL nobody knows', 'http://127.0.0.1:9/v1', 'gpt-4o'],
  ['a URL that only begins like one', 'https://api.openai.com.evil.test/v1', 'gpt-4o'],
  ['the name of a method', OPENAI, 'constructor'],
])('%s is unknown', (_what, baseUrl, model) => {
  expect(lookUp(baseUrl, model)).toHaveProperty('unknown');
});

test('a model that is not configured at the endpoint has no price', () => {
  const endpoint = { name: 'e', protocol: 'openai', baseUrl: OPENAI, apiKey: null, models: {} };
  expect(priceOf(endpoint as EndpointSettings, 'toString', AT)).toHaveProperty('unknown');
});

test('one-hour cache writes have their own rate, and the bound takes it where it can apply', () => {
  const price = priceAt(ANTHROPIC, 'claude-haiku-4-5');
  const worst = price.worst(1_000_000);
  expect(worst.cacheWriteLongNusdPerMTok).toBe(2_000_000_000);
  const tokens = { inputTokens: 1_000_000, outputTokens: 0 };
  expect(boundOf(worst, { ...tokens, cacheWrites: 'none' })).toBe(1_000_000_000);
  expect(boundOf(worst, { ...tokens, cacheWrites: 'short' })).toBe(1_250_000_000);
  expect(boundOf(worst, { ...tokens, cacheWrites: 'long' })).toBe(2_000_000_000);
  const usage = { inputTokens: 300, cachedInputTokens: 0, cacheWriteTokens: 300, outputTokens: 0 };
  expect(costOf(worst, { ...usage, cacheWriteLongTokens: 200 })).toBe(100 * 1_250 + 200 * 2_000);
});

test('the bound counts the dearest tier that a call can reach, and the cost the one it did', () => {
  const price = priceAt(OPENAI, 'gpt-5.4');
  expect(price.worst(200_000).inputNusdPerMTok).toBe(2_500_000_000);
  expect(price.worst(271_999).inputNusdPerMTok).toBe(2_500_000_000);
  expect(price.worst(272_000).inputNusdPerMTok).toBe(5_000_000_000);
  expect(price.worst(900_000).outputNusdPerMTok).toBe(22_500_000_000);
  for (const inputTokens of [1, 271_999, 272_000, 900_000]) {
    const usage = { inputTokens, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 77 };
    const theirs = calcPrice({ input_tokens: inputTokens, output_tokens: 77 }, 'gpt-5.4', {
      providerId: 'openai',
      timestamp: new Date(AT),
    });
    const ours = costOf(price.rates(inputTokens), usage) / 1e9;
    expect(ours).toBeCloseTo(theirs!.total_price, 9);
  }
});

test('a sum is rounded up once, and overflow is an error', () => {
  const one = { inputNusdPerMTok: 1, cachedInputNusdPerMTok: 1, cacheWriteNusdPerMTok: 1 };
  const rates = { ...one, cacheWriteLongNusdPerMTok: 1, outputNusdPerMTok: 1 };
  const usage = { inputTokens: 3, cachedInputTokens: 1, cacheWriteTokens: 1, outputTokens: 1 };
  expect(costOf(rates, usage)).toBe(1);
  const huge = { ...rates, outputNusdPerMTok: Number.MAX_SAFE_INTEGER };
  const tokens = { ...usage, outputTokens: 4_000_000_000 };
  expect(() => costOf(huge, tokens)).toThrow('beyond 2^53');
  expect(() => costOf(rates, { ...usage, outputTokens: -1 })).toThrow(RangeError);
});

test('own rates and free win over the table', () => {
  const rates = {
    inputNusdPerMTok: 7,
    cachedInputNusdPerMTok: 7,
    cacheWriteNusdPerMTok: 7,
    outputNusdPerMTok: 7,
  };
  const own = lookUp(OPENAI, 'gpt-4o', { kind: 'own', rates });
  expect('price' in own && own.price.rates(1).outputNusdPerMTok).toBe(7);
  expect('price' in own && own.price.version).toBe('own:7/7/7/7');
  const free = lookUp(OPENAI, 'gpt-4o', { kind: 'free' });
  expect('price' in free && free.price.worst(9).outputNusdPerMTok).toBe(0);
});
