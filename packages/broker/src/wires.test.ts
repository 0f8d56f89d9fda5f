import { createHash } from 'node:crypto';
import type { EndpointProtocol } from '@nightshift/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startAccountant } from '../test/accountant.ts';
import { NEVER, openRig, post, RATES, SECRET, textOf } from '../test/rig.ts';

const words = fc.string({ unit: 'binary', maxLength: 40 });
const limit = fc.integer({ min: 1, max: 100_000 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const parameters = fc.constant({ type: 'object', properties: { q: { type: 'string' } } });
const model = fc.constant('paid');
const stream = fc.boolean();
const chatMessage = fc.record({ role: fc.constantFrom('user', 'system'), content: words });
const chatMessages = fc.array(chatMessage, { minLength: 1, maxLength: 5 });
const functionTool = fc.record({
  type: fc.constant('function'),
  function: fc.record({ name: words, description: words, parameters }),
});
const options = maybe(fc.record({ num_predict: maybe(limit), seed: maybe(fc.nat()) }));
const texts = fc.oneof(words, fc.array(words, { minLength: 1, maxLength: 4 }));

/** Random requests that a wire allows. */
const requests: Record<string, [EndpointProtocol, string, fc.Arbitrary<unknown>]> = {
  'openai-chat': [
    'openai',
    '/chat/completions',
    fc.record({
      model,
      stream,
      messages: chatMessages,
      max_tokens: maybe(limit),
      n: maybe(fc.integer({ min: 1, max: 5 })),
      tools: maybe(fc.array(functionTool, { minLength: 1, maxLength: 3 })),
      temperature: maybe(fc.double({ min: 0, max: 2, noNaN: true })),
      stop: maybe(words),
    }),
  ],
  'openai-responses': [
    'openai',
    '/responses',
    fc.record({
      model,
      stream,
      input: fc.oneof(words, chatMessages),
      instructions: maybe(words),
      max_output_tokens: maybe(limit),
    }),
  ],
  'openai-embeddings': [
    'openai',
    '/embeddings',
    fc.record({
      model,
      input: fc.oneof(texts, fc.array(fc.nat(200_000), { minLength: 1, maxLength: 20 })),
      user: maybe(words),
    }),
  ],
  'anthropic-messages': [
    'anthropic',
    '/v1/messages',
    fc.record({
      model,
      stream,
      messages: fc.array(fc.record({ role: fc.constant('user'), content: words }), {
        minLength: 1,
        maxLength: 5,
      }),
      system: maybe(words),
      max_tokens: maybe(limit),
      tools: maybe(fc.array(fc.record({ name: words, input_schema: parameters }))),
    }),
  ],
  'ollama-chat': [
    'ollama',
    '/api/chat',
    fc.record({ model, stream: maybe(stream), messages: chatMessages, options }),
  ],
  'ollama-generate': [
    'ollama',
    '/api/generate',
    fc.record({
      model,
      stream: maybe(stream),
      prompt: fc.string({ unit: 'binary', minLength: 1 }),
      system: maybe(words),
      options,
    }),
  ],
  'ollama-embed': ['ollama', '/api/embed', fc.record({ model, input: texts })],
};

test.each(Object.entries(requests))(
  '%s: the bound holds against any tokenizer, and the bytes metered are the bytes sent',
  async (wireId, [protocol, path, bodies]) => {
    const provider = await startAccountant();
    const rig = await openRig();
    const own = { kind: 'own', rates: RATES } as const;
    const baseUrl = provider.url;
    const endpoint = { name: 'e', protocol, baseUrl, apiKey: null, models: { paid: own } };
    const models = { paid: { kind: 'endpoint', endpoint: 'e', model: 'paid' } } as const;
    const hashes: string[] = [];
    const reserve = rig.store.ledger.reserve.bind(rig.store.ledger);
    const broker = rig.another({
      endpoints: [endpoint],
      models,
      ledger: {
        ...rig.store.ledger,
        reserve: (request) => {
          hashes.push(request.requestHash);
          return reserve(request);
        },
      },
    });
    const wirePath = protocol === 'openai' ? `/v1${path}` : path;
    let ordinal = 0;
    const property = fc.asyncProperty(bodies, async (body) => {
      rig.clock.advance(1);
      const request = post(`${baseUrl}${wirePath}`, body, { ordinal: ordinal++ });
      const answer = await broker.handle(rig.who, request, NEVER);
      await textOf(answer);
      const charged = provider.charged.at(-1)!;
      const [row] = await rig.store.ledger.spendRows({ limit: 1 });
      const { inputNusdPerMTok: input, outputNusdPerMTok: output } = RATES;
      const bill = Math.ceil((charged.input * input + charged.output * output) / 1e6);
      expect(row).toMatchObject({ state: 'settled', actualNusd: bill });
      expect(row!.boundNusd).toBeGreaterThanOrEqual(bill);
      const version = protocol === 'anthropic' ? ['anthropic-version', '2023-06-01'] : [];
      const what = ['e', wireId, wirePath, ...version, ''].join('\n');
      // The hash is over the metered bytes; only the very same bytes have it.
      const hash = createHash('sha256').update(what).update(charged.raw);
      expect(hashes.at(-1)).toBe(hash.digest('hex'));
    });
    await fc.assert(property, { numRuns: 25 });
    expect((await rig.store.breakers.get('e')).state).toBe('closed');
  },
  30_000,
);

const TEXT = { role: 'user', content: 'x' };
const base = { model: 'paid', messages: [TEXT] };
const image = { type: 'image_url', image_url: { url: 'https://example.test/a.png' } };
const stored = { type: 'item_reference', id: 'msg_1' };
const of = (part: unknown) => ({ ...base, messages: [{ role: 'user', content: [part] }] });

test.each<[string, string, unknown]>([
  ['chat/completions', 'service_tier', { ...base, service_tier: 'priority' }],
  ['chat/completions', 'store', { ...base, store: true }],
  ['chat/completions', 'web_search_options', { ...base, web_search_options: {} }],
  ['chat/completions', 'prediction', { ...base, prediction: { type: 'content', content: 'x' } }],
  ['chat/completions', 'functions', { ...base, functions: [] }],
  ['chat/completions', 'models', { ...base, models: ['dear'] }],
  ['chat/completions', 'modalities[0]', { ...base, modalities: ['audio'] }],
  ['chat/completions', 'messages[0].content[0].type', of(image)],
  [
    'chat/completions',
    'messages[0].content[0].cache_control',
    of({ type: 'text', text: '', cache_control: {} }),
  ],
  ['chat/completions', 'messages[0].content[0].type', of({ type: 'file', file: { file_id: 'f' } })],
  ['chat/completions', 'tools[0].type', { ...base, tools: [{ type: 'web_search' }] }],
  ['chat/completions', 'max_tokens', { ...base, max_tokens: 1, max_completion_tokens: 1 }],
  ['chat/completions', 'max_tokens', { ...base, max_tokens: -1 }],
  ['chat/completions', 'n', { ...base, n: 1.5 }],
  ['chat/completions', 'messages', { model: 'paid', messages: [] }],
  ['responses', 'previous_response_id', { model: 'paid', input: 'x', previous_response_id: 'r' }],
  ['responses', 'store', { model: 'paid', input: 'x', store: true }],
  ['responses', 'background', { model: 'paid', input: 'x', background: true }],
  ['responses', 'prompt', { model: 'paid', input: 'x', prompt: { id: 'p' } }],
  ['responses', 'conversation', { model: 'paid', input: 'x', conversation: 'c' }],
  ['responses', 'tools[0].type', { model: 'paid', input: 'x', tools: [{ type: 'web_search' }] }],
  ['responses', 'input[1].type', { model: 'paid', input: [TEXT, stored] }],
  ['embeddings', 'service_tier', { model: 'paid', input: 'x', service_tier: 'flex' }],
])('%s with %s is refused by its path', async (path, place, body) => {
  const rig = await openRig();
  const call = rig.broker.handle(rig.who, post(`${rig.server.url}/v1/${path}`, body), NEVER);
  await expect(call).rejects.toMatchObject({ refusal: { reason: 'request-denied' } });
  await expect(call).rejects.toThrow(new RegExp(`^${RegExp.escape(place)}: `));
  expect(rig.server.requests()).toEqual([]);
});

const claude = { model: 'paid', max_tokens: 9, messages: [TEXT] };
test.each<[string, unknown, string?]>([
  ['mcp_servers', { ...claude, mcp_servers: [] }],
  ['container', { ...claude, container: 'c' }],
  ['speed', { ...claude, speed: 'fast' }],
  ['service_tier', { ...claude, service_tier: 'auto' }],
  ['inference_geo', { ...claude, inference_geo: 'us' }],
  ['diagnostics', { ...claude, diagnostics: { previous_message_id: 'm' } }],
  ['tools[0]', { ...claude, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
  ['messages[0].content[0].type', { ...claude, messages: [{ role: 'user', content: [image] }] }],
  ['headers.anthropic-beta', claude, 'anthropic-beta'],
  ['headers.anthropic-version', claude, 'anthropic-version'],
  ['headers.content-encoding', claude, 'content-encoding'],
  ['headers.x-unknown', claude, 'x-unknown'],
])('messages with %s is refused by its path', async (place, body, header) => {
  const rig = await openRig();
  const own = { kind: 'own', rates: RATES } as const;
  const { url } = rig.server;
  const endpoint = { name: 'models', protocol: 'anthropic', baseUrl: url, apiKey: null } as const;
  const broker = rig.another({ endpoints: [{ ...endpoint, models: { paid: own } }] });
  const json = ['content-type', 'application/json'] as const;
  const headers = header === undefined ? [json] : [json, [header, 'gzip'] as const];
  const call = broker.handle(rig.who, post(`${url}/v1/messages`, body, { headers }), NEVER);
  await expect(call).rejects.toThrow(new RegExp(`^${RegExp.escape(place)}`));
  expect(rig.server.requests()).toEqual([]);
});

test.each(['gpt-oss:120b-cloud', 'glm-4.6:cloud'])('%s is refused at Ollama', async (name) => {
  const rig = await openRig();
  const request = post(`${rig.server.url}/api/chat`, { ...base, model: name });
  await expect(rig.broker.handle(rig.who, request, NEVER)).rejects.toThrow('cloud model');
});

test('a body that is not JSON by its content type is refused', async () => {
  const rig = await openRig();
  for (const type of ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data']) {
    const headers = [['content-type', type]] as const;
    const request = post(`${rig.server.url}/v1/chat/completions`, base, { headers });
    await expect(rig.broker.handle(rig.who, request, NEVER)).rejects.toThrow('content-type');
  }
  expect(rig.server.requests()).toEqual([]);
});

test('the version of the protocol that a client speaks is passed on', async () => {
  const provider = await startAccountant();
  const rig = await openRig();
  const own = { kind: 'own', rates: RATES } as const;
  const endpoint = { name: 'models', protocol: 'anthropic', baseUrl: provider.url } as const;
  const endpoints = [{ ...endpoint, apiKey: { env: 'MODEL_KEY' }, models: { paid: own } }];
  const broker = rig.another({ endpoints });
  const json = ['content-type', 'application/json'] as const;
  for (const version of [undefined, '2023-06-01', '2026-10-21']) {
    const chosen = version === undefined ? [] : [['anthropic-version', version] as const];
    const more = { headers: [json, ...chosen, ['x-api-key', 'placeholder'] as const] };
    const request = post(`${provider.url}/v1/messages`, claude, more);
    await broker.handle(rig.who, request, NEVER).then(textOf);
  }
  const sent = provider.charged.map(({ headers }) => headers);
  const versions = sent.map((headers) => headers['anthropic-version']);
  // The first two are one and the same call: the second is replayed.
  expect(versions).toEqual(['2023-06-01', '2026-10-21']);
  expect(sent.map((headers) => headers['x-api-key'])).toEqual([SECRET, SECRET]);
});
