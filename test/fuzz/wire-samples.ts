import type { EndpointProtocol } from '@nightshift/domain';
import type { Wire } from '../../packages/broker/src/wire.ts';
import { WIRES } from '../../packages/broker/src/wires.ts';

/** A wire with bodies it knows, answers it reads, and the words both are made of. */
export interface WireSample {
  readonly wire: Wire;
  readonly bodies: readonly string[];
  readonly words: readonly string[];
  /** Whole answers and streams; `IN`, `OUT` and `CACHED` stand for counts. */
  readonly answers: readonly { readonly stream: boolean; readonly text: string }[];
}

export const PROTOCOLS: Readonly<Record<string, EndpointProtocol>> = {
  'openai-chat': 'openai',
  'openai-responses': 'openai',
  'openai-embeddings': 'openai',
  'anthropic-messages': 'anthropic',
  'ollama-chat': 'ollama',
  'ollama-generate': 'ollama',
  'ollama-embed': 'ollama',
};

const json = (value: unknown): string => JSON.stringify(value);
const whole = (value: unknown) => ({ stream: false, text: counted(value) });
const events = (...values: readonly unknown[]) => ({
  stream: true,
  text: values.map((it) => `data: ${typeof it === 'string' ? it : counted(it)}\n\n`).join(''),
});
const lines = (...values: readonly unknown[]) => ({
  stream: true,
  text: values.map((it) => `${counted(it)}\n`).join(''),
});

/** JSON in which `"IN"` is a bare word, to be replaced by a number. */
function counted(value: unknown): string {
  return json(value).replace(/"(IN|OUT|CACHED|FRESH)"/g, '$1');
}

const MESSAGES = [{ role: 'user', content: 'say hello' }];
const SCHEMA = { type: 'object', properties: { a: { type: 'string' } } };
const CHAT_USAGE = {
  prompt_tokens: 'IN',
  completion_tokens: 'OUT',
  prompt_tokens_details: { cached_tokens: 'CACHED' },
};
const RESPONSE = {
  id: 'r',
  model: 'm',
  status: 'completed',
  output: [{ type: 'message', content: [] }],
  usage: {
    input_tokens: 'IN',
    output_tokens: 'OUT',
    input_tokens_details: { cached_tokens: 'CACHED' },
  },
};
const ANTHROPIC_USAGE = {
  input_tokens: 'FRESH',
  cache_read_input_tokens: 'CACHED',
  output_tokens: 'OUT',
};
const OLLAMA_LAST = {
  model: 'm',
  done: true,
  prompt_eval_count: 'IN',
  prompt_eval_cached_count: 'CACHED',
  eval_count: 'OUT',
};

const BY_ID: Readonly<Record<string, Omit<WireSample, 'wire'>>> = {
  'openai-chat': {
    bodies: [
      json({ model: 'm', messages: MESSAGES, max_tokens: 9, stream: true, n: 2 }),
      json({
        model: 'm',
        messages: [
          ...MESSAGES,
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          { role: 'tool', content: [{ type: 'text', text: 'x' }], tool_call_id: 'c' },
        ],
        tools: [{ type: 'function', function: { name: 'f', parameters: SCHEMA } }],
        response_format: { type: 'json_schema', json_schema: { name: 's', schema: SCHEMA } },
        logit_bias: { '50256': -100 },
      }),
    ],
    words: [
      'max_tokens',
      'max_completion_tokens',
      '"image_url"',
      '"n":',
      '"store":true',
      '4000001',
    ],
    answers: [
      whole({
        model: 'm',
        choices: [{ message: { role: 'assistant', content: 'hello' } }],
        usage: CHAT_USAGE,
      }),
      events(
        { model: 'm', choices: [{ delta: { content: 'hel' } }] },
        { model: 'm', choices: [{ delta: { content: 'lo' } }] },
        { model: 'm', choices: [], usage: CHAT_USAGE },
        '[DONE]',
      ),
    ],
  },
  'openai-responses': {
    bodies: [
      json({ model: 'm', input: 'say hello', max_output_tokens: 9, stream: true }),
      json({
        model: 'm',
        input: [
          { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] },
          { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
          { type: 'function_call_output', call_id: 'c', output: 'y' },
        ],
        tools: [{ type: 'function', name: 'f', parameters: SCHEMA }],
        text: { format: { type: 'json_schema', name: 's', schema: SCHEMA } },
        include: ['reasoning.encrypted_content'],
      }),
    ],
    words: ['item_reference', '"background":true', '"previous_response_id":"r"', 'input_image'],
    answers: [
      whole(RESPONSE),
      events(
        { type: 'response.created', response: { status: 'in_progress' } },
        { type: 'response.output_text.delta', delta: 'hello' },
        { type: 'response.completed', response: RESPONSE },
      ),
    ],
  },
  'openai-embeddings': {
    bodies: [
      json({ model: 'm', input: 'text', dimensions: 8 }),
      json({ model: 'm', input: [[1, 2], [3]], encoding_format: 'base64' }),
    ],
    words: ['1e3', '"user":'],
    answers: [whole({ model: 'm', data: [{ embedding: [0.1] }], usage: { prompt_tokens: 'IN' } })],
  },
  'anthropic-messages': {
    bodies: [
      json({ model: 'm', max_tokens: 9, messages: MESSAGES, stream: true, system: 's' }),
      json({
        model: 'm',
        max_tokens: 9,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } },
              { type: 'tool_result', tool_use_id: 't', content: 'y' },
            ],
          },
        ],
        tools: [{ name: 'f', input_schema: SCHEMA }],
        thinking: { type: 'enabled', budget_tokens: 1_024 },
      }),
    ],
    words: ['cache_control', '"ttl":"1h"', 'web_search_20250305', '"image"', 'budget_tokens'],
    answers: [
      whole({
        model: 'm',
        stop_reason: 'end_turn',
        content: [{ type: 'text', text: 'hello' }],
        usage: ANTHROPIC_USAGE,
      }),
      events(
        { type: 'message_start', message: { model: 'm', usage: ANTHROPIC_USAGE } },
        { type: 'content_block_start', content_block: { type: 'text', text: '' } },
        { type: 'content_block_delta', delta: { type: 'text_delta', text: 'hello' } },
        { type: 'message_delta', delta: {}, usage: { output_tokens: 'OUT' } },
        { type: 'message_stop' },
      ),
    ],
  },
  'ollama-chat': {
    bodies: [
      json({ model: 'm', messages: MESSAGES, stream: true, options: { num_predict: 9 } }),
      json({ model: 'm', messages: MESSAGES, stream: false, think: 'low', format: SCHEMA }),
    ],
    words: ['num_predict', '-cloud', '"images":["x"]', 'keep_alive'],
    answers: [
      whole({ ...OLLAMA_LAST, message: { role: 'assistant', content: 'hello' } }),
      lines({ model: 'm', message: { content: 'hello' }, done: false }, OLLAMA_LAST),
    ],
  },
  'ollama-generate': {
    bodies: [json({ model: 'm', prompt: 'say hello', options: { num_predict: 9 } })],
    words: ['"context":[1,2]', '"raw":true', ':cloud'],
    answers: [
      whole({ ...OLLAMA_LAST, response: 'hello' }),
      lines({ model: 'm', response: 'hello', done: false }, OLLAMA_LAST),
    ],
  },
  'ollama-embed': {
    bodies: [json({ model: 'm', input: ['a', 'b'], truncate: true })],
    words: ['"dimensions":0'],
    answers: [whole({ model: 'm', embeddings: [[0.1]], prompt_eval_count: 'IN' })],
  },
};

/** Ids of all wires there are. */
export const WIRE_IDS: readonly string[] = WIRES.map(({ id }) => id);

/** The samples of a wire; one without any would not be fuzzed, and that is a mistake. */
export function sampleOf(id: string): WireSample {
  const wire = WIRES.find((it) => it.id === id);
  const known = BY_ID[id];
  if (wire === undefined || known === undefined) throw new Error(`no samples for the wire ${id}`);
  return { wire, ...known };
}
