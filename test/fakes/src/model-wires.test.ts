import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { messages } from './fixtures/asks.ts';
import type { BillRow, ModelServer } from './index.ts';
import { startModelServer } from './index.ts';

/* Every further wire with the stock client of its provider: what the client reads is the bill. */

const prices = {
  small: {
    inputNusdPerMTok: 3_000_000_000,
    cachedInputNusdPerMTok: 300_000_000,
    cacheWriteNusdPerMTok: 3_750_000_000,
    cacheWriteLongNusdPerMTok: 6_000_000_000,
    outputNusdPerMTok: 15_000_000_000,
  },
};
const model = 'small';
const weather = { name: 'weather', arguments: { city: 'Bonn', days: [1, 2] } };
const parameters = { type: 'object' as const, properties: { city: { type: 'string' } } };

let server: ModelServer;
let openai: OpenAI;
let claude: Anthropic;
let ollama: Ollama;

beforeEach(async () => {
  server = await startModelServer({ prices });
  openai = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
  claude = new Anthropic({ apiKey: 'k', baseURL: server.url, maxRetries: 0 });
  ollama = new Ollama({ host: server.url });
});

afterEach(async () => {
  await server.close();
});

function lastRow(): BillRow {
  const row = server.bill().rows.at(-1);
  if (row === undefined) throw new Error('nothing was billed');
  return row;
}

describe('chat completions', () => {
  const tools = [{ type: 'function' as const, function: { name: 'weather', parameters } }];

  test('call a tool, streamed and not', async () => {
    server.script([{ toolCall: weather, times: 2 }]);
    const whole = await openai.chat.completions.create({ model, messages, tools });
    const [choice] = whole.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(choice?.message).toMatchObject({ content: null, tool_calls: [{ type: 'function' }] });
    const helper = openai.chat.completions.stream({ model, messages, tools });
    const streamed = await helper.finalChatCompletion();
    const calls = [whole, streamed].map((it) => it.choices[0]?.message.tool_calls?.[0]);
    const said = calls.map((call) => call?.type === 'function' && call.function.arguments);
    expect(said.map((text) => JSON.parse(String(text)) as unknown)).toEqual([
      weather.arguments,
      weather.arguments,
    ]);
    expect(whole.usage?.completion_tokens).toBe(lastRow().outputTokens);
  });

  test('think unseen, and are billed for it', async () => {
    server.script([{ thinkingTokens: 30, replyText: 'so' }, { cachedInputTokens: 5 }]);
    const answer = await openai.chat.completions.create({ model, messages });
    expect(answer.choices[0]?.message.content).toBe('so');
    expect(answer.usage?.completion_tokens_details?.reasoning_tokens).toBe(30);
    expect(lastRow()).toMatchObject({ outputTokens: 31, thinkingTokens: 30 });
    const cached = await openai.chat.completions.create({ model, messages });
    expect(cached.usage?.prompt_tokens_details?.cached_tokens).toBe(5);
    expect(lastRow().costNusd).toBe(10 * 3_000 + 5 * 300 + 24 * 15_000);
  });
});

describe('responses', () => {
  test('say a text and the bill, streamed and not', async () => {
    const whole = await openai.responses.create({ model, input: 'hello' });
    expect(whole.output_text).toMatch(/^word1 .* word24$/u);
    expect(whole.usage).toMatchObject({ output_tokens: 24 });
    expect(whole.usage?.input_tokens).toBe(lastRow().inputTokens);
    const request = { model, input: [{ role: 'user' as const, content: 'hello' }] };
    const stream = openai.responses.stream({ ...request, max_output_tokens: 3 });
    const events = await Array.fromAsync(stream);
    const last = await stream.finalResponse();
    expect(last).toMatchObject({ status: 'incomplete', output_text: 'word1 word2 word3 ' });
    expect(last.incomplete_details).toEqual({ reason: 'max_output_tokens' });
    const numbers = events.map((event) => 'sequence_number' in event && event.sequence_number);
    expect(numbers).toEqual(events.map((_, at) => at));
    expect(lastRow()).toMatchObject({ path: '/v1/responses', outputTokens: 3, completed: true });
  });

  test('think unseen and call a tool, streamed and not', async () => {
    server.script([{ toolCall: weather, thinkingTokens: 4, times: 2 }]);
    const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: false }];
    const whole = await openai.responses.create({ model, input: 'hello', tools });
    const streamed = await openai.responses
      .stream({ model, input: 'hello', tools })
      .finalResponse();
    for (const { output, usage } of [whole, streamed]) {
      const [thought, call] = output;
      expect(thought).toMatchObject({ type: 'reasoning', summary: [] });
      expect(call).toMatchObject({ type: 'function_call', name: 'weather' });
      expect(JSON.parse(call?.type === 'function_call' ? call.arguments : '')).toEqual(
        weather.arguments,
      );
      expect(usage?.output_tokens_details.reasoning_tokens).toBe(4);
      expect(usage?.output_tokens).toBe(lastRow().outputTokens);
    }
  });

  test('know nothing that was stored', async () => {
    const body = { model, input: 'x', previous_response_id: 'resp_1' };
    await expect(openai.responses.create(body)).rejects.toMatchObject({ status: 400 });
    const input = [{ type: 'item_reference' as const, id: 'msg_1' }];
    await expect(openai.responses.create({ model, input })).rejects.toThrow("'msg_1' not found");
    expect(server.bill().calls).toBe(0);
  });

  test('can be cut and can end with an error, as scripted', async () => {
    server.script([{ cutAfterChunks: 2 }, { status: 429 }]);
    const stream = openai.responses.stream({ model, input: 'hello' });
    await expect(stream.finalResponse()).rejects.toBeInstanceOf(Error);
    await server.waitForIdle();
    expect(lastRow()).toMatchObject({ outputTokens: 2, completed: false });
    await expect(openai.responses.create({ model, input: 'x' })).rejects.toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
    });
  });
});

describe('embeddings', () => {
  test('of OpenAI come as the client asks, with nothing but input on the bill', async () => {
    const coded = await openai.embeddings.create({ model, input: ['night', 'shift'] });
    const plain = await openai.embeddings.create({
      model,
      input: ['night', 'shift'],
      encoding_format: 'float',
      dimensions: 8,
    });
    expect(coded.data.map(({ embedding }) => embedding.length)).toEqual([8, 8]);
    expect(coded.data[0]?.embedding[0]).toBeCloseTo(plain.data[0]?.embedding[0] ?? NaN, 6);
    expect(plain.usage).toEqual({ prompt_tokens: 4, total_tokens: 4 });
    expect(lastRow()).toMatchObject({ inputTokens: 4, outputTokens: 0, costNusd: 4 * 3_000 });
    await openai.embeddings.create({ model, input: [[1, 2, 3], [4]] });
    expect(lastRow().inputTokens).toBe(4);
  });

  test.each([[''], [[]], [['a', '']], [[1.5]], [{}]])('of %j are refused', async (input) => {
    const call = openai.embeddings.create({ model, input: input as string });
    await expect(call).rejects.toMatchObject({ status: 400 });
    expect(server.bill().calls).toBe(0);
  });

  test('of Ollama are counted', async () => {
    const { embeddings, prompt_eval_count: counted } = await ollama.embed({
      model,
      input: ['night', 'shift'],
    });
    expect(embeddings.map(({ length }) => length)).toEqual([8, 8]);
    expect(counted).toBe(6);
    expect(lastRow()).toMatchObject({ path: '/api/embed', inputTokens: 6, outputTokens: 0 });
  });
});

describe('messages', () => {
  const ask = { model, max_tokens: 100, messages };

  test('say a text and the bill, streamed and not', async () => {
    const whole = await claude.messages.create(ask);
    const row = lastRow();
    expect(whole).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text' }] });
    expect(whole.usage.input_tokens).toBe(row.inputTokens);
    expect(whole.usage.output_tokens).toBe(24);
    const streamed = await claude.messages.stream({ ...ask, max_tokens: 3 }).finalMessage();
    expect(streamed).toMatchObject({
      stop_reason: 'max_tokens',
      content: [{ text: 'word1 word2 word3 ' }],
    });
    expect(streamed.usage.output_tokens).toBe(3);
    expect(lastRow()).toMatchObject({ outputTokens: 3, costNusd: 15 * 3_000 + 3 * 15_000 });
  });

  test('think in a block of its own, within the maximum', async () => {
    const thinking = { type: 'enabled' as const, budget_tokens: 1_024 };
    server.script([{ thinkingTokens: 7, replyText: 'so' }]);
    const request = { ...ask, max_tokens: 2_000, thinking };
    const { content, usage } = await claude.messages.stream(request).finalMessage();
    expect(content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect(content[0]).toHaveProperty('signature', expect.stringMatching(/./u));
    expect(usage.output_tokens).toBe(8);
    expect(lastRow()).toMatchObject({ outputTokens: 8, thinkingTokens: 7 });
    const small = claude.messages.create({ ...ask, thinking });
    await expect(small).rejects.toMatchObject({ status: 400 });
  });

  test('call a tool, streamed and not', async () => {
    server.script([{ toolCall: weather, replyText: 'let me see', times: 2 }]);
    const tools = [{ name: 'weather', input_schema: parameters }];
    const whole = await claude.messages.create({ ...ask, tools });
    const streamed = await claude.messages.stream({ ...ask, tools }).finalMessage();
    for (const { content, stop_reason: reason } of [whole, streamed]) {
      expect(reason).toBe('tool_use');
      expect(content.map(({ type }) => type)).toEqual(['text', 'tool_use']);
      expect(content[1]).toMatchObject({ name: 'weather', input: weather.arguments });
    }
  });

  test('write caches of both lifetimes, and read them the next time', async () => {
    const mark = (ttl: '5m' | '1h') => ({ type: 'ephemeral' as const, ttl });
    const block = (text: string, ttl?: '5m' | '1h') => ({
      type: 'text' as const,
      text,
      ...(ttl === undefined ? {} : { cache_control: mark(ttl) }),
    });
    const system = [block('x'.repeat(300), '1h'), block('y'.repeat(150), '5m')];
    const first = await claude.messages.create({ ...ask, system });
    expect(first.usage).toMatchObject({
      input_tokens: 15,
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 150,
      cache_creation: { ephemeral_1h_input_tokens: 100, ephemeral_5m_input_tokens: 50 },
    });
    const rates = { fresh: 15 * 3_000, short: 50 * 3_750, long: 100 * 6_000, out: 24 * 15_000 };
    expect(lastRow().costNusd).toBe(Object.values(rates).reduce((sum, cost) => sum + cost, 0));
    const longer = [{ role: 'user' as const, content: [block('z'.repeat(30), '5m')] }];
    const second = await claude.messages.create({ ...ask, system, messages: longer });
    expect(second.usage).toMatchObject({
      input_tokens: 3,
      cache_read_input_tokens: 150,
      cache_creation_input_tokens: 14,
    });
    const other = [block('other', '1h')];
    const third = await claude.messages.create({ ...ask, system: other });
    expect(third.usage.cache_read_input_tokens).toBe(0);
  });

  test('leave nothing in the cache when they are refused', async () => {
    server.script([{ status: 529 }]);
    const request = { ...ask, cache_control: { type: 'ephemeral' as const } };
    await expect(claude.messages.create(request)).rejects.toMatchObject({ status: 529 });
    const { usage } = await claude.messages.create(request);
    expect(usage.cache_read_input_tokens).toBe(0);
    expect(usage.cache_creation_input_tokens).toBe(12);
  });

  test.each([
    ['without a maximum', { model, messages }, {}, 400],
    ['with no message', { ...ask, messages: [] }, {}, 400],
    ['with an unknown role', { ...ask, messages: [{ role: 'tool', content: '' }] }, {}, 400],
    ['of an unknown model', { ...ask, model: 'none' }, {}, 404],
    ['without a version', ask, { 'anthropic-version': null }, 400],
    ['without the key', ask, { authorization: 'Bearer other' }, 401],
  ])('%s are refused, unbilled', async (_, body, headers, status) => {
    const strict = await startModelServer({ prices, requireKey: 'k' });
    const client = new Anthropic({ apiKey: 'k', baseURL: strict.url, maxRetries: 0 });
    const call = client.messages.create(body as typeof ask, { headers });
    await expect(call).rejects.toMatchObject({ status });
    expect(strict.bill().calls).toBe(0);
    await strict.close();
  });
});

describe('Ollama', () => {
  test('generates, streamed and not', async () => {
    const whole = await ollama.generate({ model, prompt: 'hello', options: { num_predict: 2 } });
    expect(whole).toMatchObject({ response: 'word1 word2 ', done_reason: 'length', eval_count: 2 });
    expect(whole.prompt_eval_count).toBe(lastRow().inputTokens);
    const parts = await Array.fromAsync(
      await ollama.generate({ model, prompt: 'hello', think: true, stream: true }),
    );
    expect(parts.map(({ thinking = '' }) => thinking).join('')).toMatch(/^word1 .* word8$/u);
    expect(parts.map(({ response }) => response).join('')).toMatch(/^word1 .* word24$/u);
    expect(parts.at(-1)).toMatchObject({ done: true, eval_count: 32 });
    expect(lastRow()).toMatchObject({ path: '/api/generate', outputTokens: 32 });
  });

  test('calls a tool, streamed and not', async () => {
    server.script([{ toolCall: weather, times: 2 }]);
    const fn = { name: 'weather', description: 'how it will be', parameters };
    const tools = [{ type: 'function', function: fn as never }];
    const whole = await ollama.chat({ model, messages, tools });
    const parts = await Array.fromAsync(
      await ollama.chat({ model, messages, tools, stream: true }),
    );
    const calls = [whole, ...parts].flatMap(({ message }) => message.tool_calls ?? []);
    expect(calls.map((call) => call.function)).toMatchObject([weather, weather]);
    expect(parts.at(-1)?.eval_count).toBe(lastRow().outputTokens);
  });
});
