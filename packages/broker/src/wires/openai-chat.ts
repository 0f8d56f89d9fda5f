import type { EndpointProtocol } from '@nightshift/domain';
import { z } from 'zod';
import {
  asCount,
  asObject,
  asText,
  errorOf,
  eventData,
  type JsonObject,
  LineCutter,
  parseObject,
  UNREADABLE,
  wholeReader,
} from '../answers.ts';
import { denied } from '../refusals.ts';
import { checkShape } from '../schema.ts';
import type { Answer, AnswerReader, MeteredUsage, Wire, WireCall, WireContext } from '../wire.ts';
import { MAX_TOKENS } from '../wire.ts';
import { openaiTier, unpricedTier } from './openai-tier.ts';

/**
 * OpenAI chat completions, as OpenAI and everything compatible with it speaks it (also Ollama at
 * `/v1`). Text and client-side function tools only: images, audio, files, predictions, server-side
 * search, stored completions and service tiers are refused, because their cost is not bounded by
 * the bytes of the body or they leave state behind.
 */
export const openaiChat: Wire = {
  id: 'openai-chat',
  streamType: 'text/event-stream',
  headers: {},
  allowHeaders: {},
  recognise: (protocol, method, path) =>
    method === 'POST' && PATHS[protocol].includes(path) ? path : null,
  normalise,
  bound: (call, bodyBytes) => {
    const { messages, tools, n } = call.body as Body;
    return {
      inputTokens: bodyBytes + TEMPLATE_TOKENS + 16 * messages.length + 64 * (tools?.length ?? 0),
      outputTokens: outputLimit(call.body as Body) * (n ?? 1),
      cacheWrites: 'short',
    };
  },
  usage: (call) => (call.stream ? streamReader() : wholeReader(readWhole)),
};

const PATHS: Readonly<Record<EndpointProtocol, readonly string[]>> = {
  openai: ['/chat/completions', '/v1/chat/completions'],
  ollama: ['/v1/chat/completions', '/chat/completions'],
  anthropic: [],
};

/**
 * A byte-level tokenizer makes at most one token of a byte: the bytes of the body bound its text.
 * What the server adds is bounded by these: a chat template, with a default system prompt in some
 * open models, once a call; and the markup around each message and tool.
 */
const TEMPLATE_TOKENS = 1_024;

const text = z.strictObject({ type: z.literal('text'), text: z.string() });
const texts = z.union([z.string(), z.array(text)]);
const limit = z.int().min(1).max(MAX_TOKENS).nullish();

const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});

const message = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.enum(['system', 'developer', 'user']),
    content: texts,
    name: z.string().optional(),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: texts.nullish(),
    name: z.string().optional(),
    refusal: z.string().nullish(),
    reasoning_content: z.string().nullish(),
    reasoning: z.string().nullish(),
    tool_calls: z.array(toolCall).nullish(),
    // What an answer carries empty when nothing but text and function calls is known.
    annotations: z.array(z.unknown()).max(0).nullish(),
    audio: z.null().optional(),
    function_call: z.null().optional(),
  }),
  z.strictObject({ role: z.literal('tool'), content: texts, tool_call_id: z.string() }),
]);

const tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
});

const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string(),
      description: z.string().nullish(),
      schema: z.record(z.string(), z.unknown()).optional(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

const schema = z.strictObject({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().optional(),
      include_obfuscation: z.boolean().optional(),
    })
    .nullish(),
  max_tokens: limit,
  max_completion_tokens: limit,
  n: z.int().min(1).max(128).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().nullish(),
  seed: z.int().nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({ name: z.string() }),
      }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormat.nullish(),
  reasoning_effort: z.string().max(32).nullish(),
  verbosity: z.string().max(32).nullish(),
  modalities: z.array(z.literal('text')).nullish(),
  store: z.literal(false).nullish(),
});

type Body = z.infer<typeof schema>;

function normalise(body: unknown, context: WireContext): WireCall {
  const asked = checkShape(schema, body);
  if (isGiven(asked.max_tokens) && isGiven(asked.max_completion_tokens)) {
    throw denied('max_tokens', 'is set beside max_completion_tokens; one of them must go');
  }
  const stream = asked.stream === true;
  const { stream_options: options, ...rest } = asked;
  const complete: Body = {
    ...rest,
    ...defaultLimit(asked, context),
    ...(stream ? { stream_options: { ...options, include_usage: true } } : {}),
    ...openaiTier(context),
  };
  return { model: asked.model, stream, body: complete };
}

/** OpenAI's own models take only the newer name; what is compatible may know only the older. */
function defaultLimit(asked: Body, context: WireContext): Partial<Body> {
  if (isGiven(asked.max_tokens) || isGiven(asked.max_completion_tokens)) return {};
  const newer = context.host === 'api.openai.com';
  const tokens = context.defaultOutputTokens;
  return newer ? { max_completion_tokens: tokens } : { max_tokens: tokens };
}

function outputLimit(body: Body): number {
  return body.max_completion_tokens ?? body.max_tokens ?? MAX_TOKENS;
}

/** The API treats null as absent. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readWhole(body: JsonObject): Answer {
  const choices = Array.isArray(body['choices']) ? body['choices'] : [];
  const content = choices.some((choice) => speaks(asObject(asObject(choice)?.['message'])));
  return {
    complete: errorOf(body) === null,
    usage: readUsage(body['usage'], content),
    model: asText(body['model']),
    error: errorOf(body),
    unpriced: unpricedTier(body['service_tier']),
  };
}

function streamReader(): AnswerReader {
  const seen = { done: false, usage: undefined as unknown, content: false, head: {} as JsonObject };
  let events = 0;
  let error: Answer['error'] = null;
  const lines = new LineCutter((line) => {
    const data = eventData(line);
    if (data === null) return;
    if (data.trim() === '[DONE]') {
      seen.done = true;
      return;
    }
    const event = parseObject(data);
    if (event === null) return;
    events += 1;
    error ??= errorOf(event);
    seen.head = { ...seen.head, ...headOf(event) };
    seen.usage = event['usage'] ?? seen.usage;
    seen.content ||= deltasSpeak(event);
  });
  return {
    get ended() {
      return seen.done;
    },
    push: (chunk) => lines.push(chunk),
    answer: () => {
      lines.end();
      if (events === 0) return UNREADABLE;
      const usage = readUsage(seen.usage, seen.content);
      return {
        complete: error === null && (seen.done || usage !== null),
        usage,
        model: asText(seen.head['model']),
        error,
        unpriced: unpricedTier(seen.head['service_tier']),
      };
    },
  };
}

function headOf(event: JsonObject): JsonObject {
  const { model, service_tier: tier } = event;
  return { ...(asText(model) && { model }), ...(asText(tier) && { service_tier: tier }) };
}

function deltasSpeak(event: JsonObject): boolean {
  const { choices } = event;
  if (!Array.isArray(choices)) return false;
  return choices.some((choice) => speaks(asObject(asObject(choice)?.['delta'])));
}

function speaks(message: JsonObject | null): boolean {
  if (message === null) return false;
  const { content, refusal, reasoning_content: thought, tool_calls: calls } = message;
  const said = [content, refusal, thought].some((part) => asText(part) !== null);
  return said || (Array.isArray(calls) && calls.length > 0);
}

/**
 * Usage as OpenAI reports it, in the one shape of all wires: input with its cached part, output
 * with its reasoning. Some providers leave reasoning out of `completion_tokens` but not out of
 * `total_tokens`, so the larger of the two counts. Zero tokens for an answer with content, or a cost
 * of 0 beside tokens, is no usage at all.
 */
export function readUsage(value: unknown, content: boolean): MeteredUsage | null {
  const usage = asObject(value);
  if (usage === null || usage['cost'] === 0) return null;
  const inputTokens = asCount(usage['prompt_tokens']);
  const completion = asCount(usage['completion_tokens']);
  if (inputTokens === null || completion === null || inputTokens === 0) return null;
  if (content && completion === 0) return null;
  const details = asObject(usage['prompt_tokens_details']) ?? {};
  const cached = asCount(details['cached_tokens'] ?? usage['prompt_cache_hit_tokens']) ?? 0;
  const total = asCount(usage['total_tokens']) ?? 0;
  return {
    inputTokens,
    cachedInputTokens: Math.min(cached, inputTokens),
    cacheWriteTokens: asCount(details['cache_write_tokens']) ?? 0,
    outputTokens: Math.max(completion, total - inputTokens),
  };
}
