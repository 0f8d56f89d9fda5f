import type { EndpointSettings } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { RATES } from '../test/rig.ts';
import { explainPrice, priceTableAge } from './explain-price.ts';

const NOW = Date.parse('2026-11-01T00:00:00Z');
const OPENAI: EndpointSettings = {
  name: 'openai',
  protocol: 'openai',
  baseUrl: 'https://api.openai.com/v1',
  apiKey: null,
  models: { 'gpt-4o': { kind: 'table' } },
};

test('a price of the table is explained with what is recorded, tiers and an example', () => {
  const it = explainPrice(OPENAI, 'gpt-4o', NOW);
  expect(it).toMatchObject({ configured: true, source: 'table' });
  expect(it).toHaveProperty('version', expect.stringMatching(/^genai-prices@[\d.]+\/openai\//));
  // $2.50 and $10.00 a million: 10,000 tokens in, 1,000 out.
  expect(it).toHaveProperty('example.boundNusd', 35_000_000);
});

test('a dearer tier shows from where it begins', () => {
  const gemini = {
    ...OPENAI,
    name: 'google',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
  };
  const it = explainPrice(gemini, 'gemini-2.5-pro', NOW);
  expect(it).toHaveProperty('configured', false);
  expect(it).toHaveProperty('tiers.1.fromInputTokens', 200_001);
});

test('the operator’s word wins over the table, and free is free', () => {
  const own = { ...OPENAI, models: { 'gpt-4o': { kind: 'own', rates: RATES } } } as const;
  expect(explainPrice(own, 'gpt-4o', NOW)).toMatchObject({
    source: 'own',
    example: { boundNusd: 45_000_000 },
  });
  const free = { ...OPENAI, models: { 'gpt-4o': { kind: 'free' } } } as const;
  expect(explainPrice(free, 'gpt-4o', NOW)).toMatchObject({ example: { boundNusd: 0 } });
});

test.each(['gpt-99', 'GPT-4O', 'openai/gpt-4o', 'gpt-4o-2099-01-01'])(
  'a model called %s has no price, and a sentence says why',
  (model) => {
    const it = explainPrice(OPENAI, model, NOW);
    expect(it).toEqual({ endpoint: 'openai', unknown: expect.stringContaining(model) });
  },
);

test('the table tells its age, and is old after sixty days', () => {
  expect(priceTableAge(NOW).old).toBe(false);
  const later = priceTableAge(NOW + 60 * 86_400_000);
  expect(later.old).toBe(true);
  expect(later.days - priceTableAge(NOW).days).toBe(60);
});
