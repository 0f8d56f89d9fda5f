import { expect, test } from 'vitest';
import type { Answer, Wire } from '../wire.ts';
import { anthropicMessages } from './anthropic-messages.ts';
import { ollamaChat } from './ollama-chat.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';

/** Reads an answer handed over byte by byte: chunks may end anywhere. */
function read(wire: Wire, stream: boolean, ...parts: unknown[]): Answer {
  const reader = wire.usage({ model: 'm', stream, body: {} });
  const lines = stream && wire !== ollamaChat;
  const text = parts
    .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
    .map((part) => (lines ? `data: ${part}\r\n\r\n` : `${part}\n`))
    .join('');
  for (const byte of Buffer.from(text)) reader.push(Uint8Array.of(byte));
  return reader.answer();
}

const CACHES = {
  input_tokens: 10,
  cache_read_input_tokens: 100,
  cache_creation_input_tokens: 300,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
};
const start = (usage: unknown) => ({ type: 'message_start', message: { model: 'm', usage } });
const delta = (usage: unknown) => ({ type: 'message_delta', delta: {}, usage });
const block = { type: 'content_block_start', index: 0 };
const stop = { type: 'message_stop' };

test('Anthropic: cached input is part of the input, both lifetimes of writes are kept apart', () => {
  const said = read(
    anthropicMessages,
    true,
    start({ ...CACHES, output_tokens: 1 }),
    block,
    delta({ output_tokens: 42, input_tokens: null }),
    stop,
  );
  expect(said).toMatchObject({
    complete: true,
    usage: {
      inputTokens: 410,
      cachedInputTokens: 100,
      cacheWriteTokens: 300,
      cacheWriteLongTokens: 200,
      outputTokens: 42,
    },
  });
});

test('Anthropic: the placeholder at the start of a stream is no usage', () => {
  const cut = read(anthropicMessages, true, start({ ...CACHES, output_tokens: 1 }), block);
  expect(cut).toMatchObject({ complete: false, usage: null });
  const noStop = read(anthropicMessages, true, start(CACHES), delta({ output_tokens: 9 }));
  expect(noStop).toMatchObject({ complete: false, usage: null });
});

test.each([
  { service_tier: 'priority' },
  { speed: 'fast' },
  { inference_geo: 'us' },
  { server_tool_use: { web_search_requests: 1 } },
  { iterations: [{}, {}] },
])('Anthropic: %j is not charged at the configured rates', (part) => {
  const usage = { ...CACHES, output_tokens: 3, ...part };
  const whole = { model: 'm', content: [{}], stop_reason: 'end_turn', usage };
  expect(read(anthropicMessages, false, whole).unpriced).not.toBeNull();
});

test.each(['global', 'not_available', null])('Anthropic: region %j costs no more', (region) => {
  const usage = { ...CACHES, output_tokens: 3, inference_geo: region };
  const whole = { model: 'm', content: [{}], stop_reason: 'end_turn', usage };
  expect(read(anthropicMessages, false, whole).unpriced).toBeNull();
});

test('Anthropic: an error in a stream is an error', () => {
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'busy' } };
  const said = read(anthropicMessages, true, start(CACHES), error);
  expect(said).toMatchObject({ complete: false, error: { code: 'overloaded_error' } });
});

test('OpenAI: reasoning that only the total counts is output', () => {
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 40 };
  const said = read(openaiChat, false, { model: 'm', choices: [{ message: {} }], usage });
  expect(said.usage).toMatchObject({ inputTokens: 10, outputTokens: 30 });
});

test('OpenAI: cached tokens are read in both spellings, and never more than the input', () => {
  const counts = { prompt_tokens: 10, completion_tokens: 5 };
  const details = { prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 } };
  const whole = (usage: unknown) => read(openaiChat, false, { model: 'm', choices: [], usage });
  expect(whole({ ...counts, ...details }).usage).toMatchObject({
    cachedInputTokens: 4,
    cacheWriteTokens: 3,
  });
  const deepseek = whole({ ...counts, prompt_cache_hit_tokens: 99 });
  expect(deepseek.usage).toMatchObject({ cachedInputTokens: 10 });
});

test.each(['priority', 'fast', 'anything'])('OpenAI: tier %s is another price', (tier) => {
  const usage = { prompt_tokens: 10, completion_tokens: 5 };
  const whole = { model: 'm', choices: [], usage, service_tier: tier };
  expect(read(openaiChat, false, whole).unpriced).not.toBeNull();
});

test('OpenAI: an error inside of a stream is an error', () => {
  const chunk = { model: 'm', choices: [{ delta: { content: 'x' } }] };
  const said = read(openaiChat, true, chunk, { error: { message: 'boom', code: 'x' } }, '[DONE]');
  expect(said).toMatchObject({ complete: false, error: { code: 'x' } });
});

test('responses: a stream without its last event is incomplete', () => {
  expect(read(openaiResponses, true, { type: 'response.created' })).toMatchObject({
    complete: false,
    usage: null,
  });
});

test('Ollama: a count that is left out is missing, not zero', () => {
  const last = { model: 'm', message: { content: 'x' }, done: true, eval_count: 3 };
  expect(read(ollamaChat, true, last)).toMatchObject({ complete: true, usage: null });
  expect(read(ollamaChat, true, { error: 'no such model' }).error?.message).toBe('no such model');
});

test.each([openaiChat, openaiResponses, anthropicMessages, ollamaChat])(
  'what is no answer of the wire at all is an error: $id',
  (wire) => {
    for (const stream of [false, true]) {
      expect(read(wire, stream, '<html>sign in</html>').error?.code).toBe('unreadable-answer');
    }
  },
);
