import { describe, expect, test } from 'vitest';
import { mistakesOf, parse } from '../../test/parse.ts';
import { env, ollama, openai, openaiCompatible } from './index.ts';

describe('free', () => {
  const withModel = (model: unknown) => mistakesOf({ agents: {}, models: { m: model } });

  test('is not believed where calls are known to be billed', () => {
    expect(withModel(openai('gpt-5', { free: true }))[0]).toContain(
      'models.m.free: api.openai.com',
    );
    expect(withModel(ollama('gpt-oss:120b-cloud'))[0]).toContain('models.m.model');
    expect(withModel(ollama('llama3.2', { baseUrl: 'https://ollama.com' }))[0]).toContain(
      'ollama.com',
    );
  });

  test('is believed elsewhere, and a price is believed anywhere', () => {
    const price = { inputPerMTok: '$1.00', outputPerMTok: '$2.00' } as const;
    const baseUrl = 'http://127.0.0.1:8080/v1';
    expect(withModel(openaiCompatible({ baseUrl, model: 'x', free: true }))).toEqual([]);
    expect(withModel(openai('gpt-5', { price }))).toEqual([]);
    expect(withModel(ollama('gpt-oss:120b-cloud', { price }))).toEqual([]);
  });

  test('is not said beside a price', () => {
    const price = { inputPerMTok: '$1.00', outputPerMTok: '$2.00' } as const;
    expect(withModel(ollama('x', { price, free: true }))[0]).toContain('beside a price');
  });
});

test("an operator's price is exact, and cached input is not assumed to be cheaper", () => {
  const price = { inputPerMTok: '$0.10', outputPerMTok: '$0.40' } as const;
  const model = openaiCompatible({ baseUrl: 'http://127.0.0.1:1/v1/', model: 'x', price });
  expect(parse({ agents: {}, models: { m: model } }).endpoints[0]).toEqual({
    name: '127.0.0.1:1',
    protocol: 'openai',
    baseUrl: 'http://127.0.0.1:1/v1',
    apiKey: null,
    models: {
      x: {
        kind: 'own',
        rates: {
          inputNusdPerMTok: 100_000_000,
          cachedInputNusdPerMTok: 100_000_000,
          cacheWriteNusdPerMTok: 100_000_000,
          outputNusdPerMTok: 400_000_000,
        },
      },
    },
  });
});

describe('models at the same endpoint', () => {
  const at = { baseUrl: 'http://127.0.0.1:1/v1' };

  test('share it when they agree', () => {
    const models = {
      a: openaiCompatible({ ...at, model: 'x' }),
      b: openaiCompatible({ ...at, model: 'y' }),
      again: openaiCompatible({ ...at, model: 'x' }),
    };
    const { endpoints } = parse({ agents: {}, models });
    expect(endpoints.map((it) => Object.keys(it.models))).toEqual([['x', 'y']]);
  });

  test('are a mistake when they disagree, unless one has its own name', () => {
    const other = { ...at, model: 'y', apiKey: env('KEY') };
    const models = (name?: string) => ({
      a: openaiCompatible({ ...at, model: 'x' }),
      b: openaiCompatible({ ...other, ...(name === undefined ? {} : { name }) }),
    });
    expect(mistakesOf({ agents: {}, models: models() })[0]).toContain(
      'models.b: has another apiKey',
    );
    expect(parse({ agents: {}, models: models('second') }).endpoints).toHaveLength(2);
  });

  test('are a mistake when one model has two prices', () => {
    const models = {
      a: openaiCompatible({ ...at, model: 'x', free: true }),
      b: openaiCompatible({ ...at, model: 'x' }),
    };
    expect(mistakesOf({ agents: {}, models })[0]).toContain('models.b: has another price than x');
  });
});
