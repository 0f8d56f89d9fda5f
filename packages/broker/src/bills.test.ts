import type { SpeechParts } from '@nightshift/fakes';
import type { EndpointProtocol } from '@nightshift/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NEVER, openRig, post, RATES, SECRET, textOf } from '../test/rig.ts';

/*
 * Random calls of every wire against a provider that keeps its own bill: caches that are written
 * and read, thinking, tool calls, answers cut by their maximum. What is settled is that bill to the
 * nano-dollar, and never above the bound.
 */

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const limit = fc.integer({ min: 1, max: 60 });
const stream = fc.boolean();
const model = fc.constant('paid');
/** Few enough that prefixes come again. */
const words = fc.constantFrom(
  'night',
  'shift',
  'Ein langer Satz über die Nacht. '.repeat(20),
  '🙂',
);
const name = fc.constantFrom('weather', 'search');
const parameters = fc.constant({ type: 'object', properties: { q: { type: 'string' } } });
const chat = fc.array(fc.record({ role: fc.constantFrom('user', 'assistant'), content: words }), {
  minLength: 1,
  maxLength: 4,
});

const said: fc.Arbitrary<SpeechParts> = fc.record({
  thinkingTokens: maybe(fc.nat(30)),
  text: maybe(fc.oneof(fc.nat(40), words)),
  toolCall: maybe(fc.record({ name, arguments: fc.dictionary(fc.string(), fc.string()) })),
});

const mark = maybe(
  fc.record({ type: fc.constant('ephemeral'), ttl: maybe(fc.constantFrom('5m', '1h')) }),
);
const block = fc.record({ type: fc.constant('text'), text: words, cache_control: mark });
const blocks = fc.array(block, { minLength: 1, maxLength: 3 });
const functionTool = fc.record({
  type: fc.constant('function'),
  function: fc.record({ name, parameters }),
});
const options = maybe(fc.record({ num_predict: maybe(limit) }));

/** A body of the wire and where it goes. */
const calls: Record<string, [EndpointProtocol, string, fc.Arbitrary<unknown>]> = {
  'chat completions': [
    'openai',
    '/v1/chat/completions',
    fc.record({
      model,
      stream,
      messages: chat,
      max_tokens: maybe(limit),
      n: maybe(fc.integer({ min: 1, max: 3 })),
      tools: maybe(fc.array(functionTool, { minLength: 1, maxLength: 2 })),
      reasoning_effort: maybe(fc.constantFrom('none', 'high')),
    }),
  ],
  responses: [
    'openai',
    '/v1/responses',
    fc.record({
      model,
      stream,
      input: fc.oneof(words, chat),
      instructions: maybe(words),
      max_output_tokens: maybe(limit),
      reasoning: maybe(fc.record({ effort: fc.constantFrom('low', 'high') })),
    }),
  ],
  embeddings: [
    'openai',
    '/v1/embeddings',
    fc.record({
      model,
      input: fc.oneof(words, fc.array(words, { minLength: 1, maxLength: 3 })),
      encoding_format: maybe(fc.constantFrom('float', 'base64')),
    }),
  ],
  messages: [
    'anthropic',
    '/v1/messages',
    fc.record({
      model,
      stream,
      max_tokens: maybe(limit),
      system: maybe(fc.oneof(words, blocks)),
      messages: fc.array(
        fc.record({ role: fc.constantFrom('user', 'assistant'), content: fc.oneof(words, blocks) }),
        { minLength: 1, maxLength: 3 },
      ),
      tools: maybe(
        fc.array(fc.record({ name, input_schema: parameters, cache_control: mark }), {
          maxLength: 2,
        }),
      ),
      thinking: maybe(fc.constant({ type: 'adaptive' })),
      cache_control: mark,
    }),
  ],
  'Ollama chat': [
    'ollama',
    '/api/chat',
    fc.record({ model, stream: maybe(stream), messages: chat, options, think: maybe(stream) }),
  ],
  'Ollama generate': [
    'ollama',
    '/api/generate',
    fc.record({ model, stream: maybe(stream), prompt: words, system: maybe(words), options }),
  ],
  'Ollama embed': [
    'ollama',
    '/api/embed',
    fc.record({ model, input: fc.array(words, { minLength: 1, maxLength: 3 }) }),
  ],
};

/** Asked first, so that every meter of a cache moves at least once whatever comes after. */
const CACHED = (['5m', '1h', '1h'] as const).map((ttl): [unknown, SpeechParts, number] => {
  const text = { type: 'text', text: 'rules', cache_control: { type: 'ephemeral', ttl: '1h' } };
  const message = {
    ...text,
    text: `a question for ${ttl}`,
    cache_control: { type: 'ephemeral', ttl },
  };
  const messages = [{ role: 'user', content: [message] }];
  return [{ model: 'paid', stream: ttl === '5m', system: [text], messages }, { text: 3 }, 0];
});

/** Whether input is read from a cache, written to one, and written for long. */
const METERS: Partial<Record<EndpointProtocol, readonly boolean[]>> = {
  anthropic: [true, true, true],
  ollama: [false, false, false],
};

test.each(Object.entries(calls))(
  '%s: what is settled is the bill, and the bound is above it',
  async (_, [protocol, path, bodies]) => {
    let speech: SpeechParts = {};
    const rig = await openRig({ server: { reply: () => speech, requireKey: SECRET } });
    const { url } = rig.server;
    const baseUrl = protocol === 'ollama' ? url : `${url}/v1`;
    const own = { kind: 'own', rates: RATES } as const;
    const endpoint = { name: 'e', protocol, baseUrl, apiKey: { env: 'MODEL_KEY' } };
    const broker = rig.another({
      endpoints: [{ ...endpoint, models: { paid: own } }],
      models: { paid: { kind: 'endpoint', endpoint: 'e', model: 'paid' } },
    });
    let ordinal = 0;
    const property = fc.asyncProperty(bodies, said, fc.nat(40), async (body, says, cached) => {
      speech = says;
      // Anthropic's cache is the server's own doing; elsewhere it is somebody else's, at random.
      rig.server.script(protocol === 'openai' ? [{ cachedInputTokens: cached }] : []);
      rig.clock.advance(1);
      const request = post(`${url}${path}`, body, { ordinal: ordinal++ });
      const answer = await broker.handle(rig.who, request, NEVER);
      await textOf(answer);
      const charged = rig.server.bill().rows.at(-1)!;
      const [row] = await rig.store.ledger.spendRows({ limit: 1 });
      expect(row).toMatchObject({ state: 'settled', actualNusd: charged.costNusd });
      expect(row!.boundNusd).toBeGreaterThanOrEqual(charged.costNusd);
      expect(row!.usage).toEqual({
        inputTokens: charged.inputTokens,
        cachedInputTokens: charged.cachedInputTokens,
        cacheWriteTokens: charged.cacheWriteTokens,
        outputTokens: charged.outputTokens,
      });
    });
    await fc.assert(property, { numRuns: 40, examples: protocol === 'anthropic' ? CACHED : [] });
    const { rows } = rig.server.bill();
    expect(rows).toHaveLength(ordinal);
    const seen = ['cachedInputTokens', 'cacheWriteTokens', 'cacheWriteLongTokens'] as const;
    const reached = seen.map((meter) => rows.some((row) => row[meter] > 0));
    expect(reached).toEqual(METERS[protocol] ?? [path !== '/v1/embeddings', false, false]);
    expect((await rig.store.breakers.get('e')).state).toBe('closed');
    expect(await rig.store.ledger.verify()).toEqual([]);
  },
  30_000,
);
