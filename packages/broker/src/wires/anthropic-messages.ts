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
import { checkShape } from '../schema.ts';
import type { Answer, AnswerReader, MeteredUsage, Wire, WireCall, WireContext } from '../wire.ts';
import { MAX_TOKENS } from '../wire.ts';

/**
 * Anthropic messages. Text, thinking and client-side tools; cache writes of both lifetimes. Images,
 * documents, server-side tools, containers, fast mode, a region of one's own (`inference_geo`) and
 * every beta are refused.
 */
export const anthropicMessages: Wire = {
  id: 'anthropic-messages',
  streamType: 'text/event-stream',
  headers: { 'anthropic-version': '2023-06-01' },
  allowHeaders: {
    'anthropic-version': ['2023-06-01', '2026-10-21'],
    // Checks tool arguments against their schema; neither stores nor charges anything.
    'anthropic-beta': ['structured-outputs-2025-11-13'],
  },
  recognise: (protocol, method, path) =>
    protocol === 'anthropic' && method === 'POST' && PATHS.has(path) ? path : null,
  normalise,
  bound: (call, bodyBytes) => {
    const { messages, tools, max_tokens: limit } = call.body as Body;
    const ofTools = tools === undefined || tools.length === 0 ? 0 : TOOL_PROMPT_TOKENS;
    const overhead = TEMPLATE_TOKENS + ofTools + 16 * messages.length + 64 * (tools?.length ?? 0);
    // Thinking is part of the maximum on the wire.
    const outputTokens = limit ?? MAX_TOKENS;
    return { inputTokens: bodyBytes + overhead, outputTokens, cacheWrites: cacheWrites(call) };
  },
  usage: (call) => (call.stream ? streamReader() : wholeReader(readWhole)),
};

const PATHS: ReadonlySet<string> = new Set(['/v1/messages', '/messages']);
const TEMPLATE_TOKENS = 512;
/** Tools bring a system prompt along: 290 to 804 tokens by model and choice, as documented. */
const TOOL_PROMPT_TOKENS = 1_024;

const cache = z
  .strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() })
  .nullish();
const text = z.strictObject({
  type: z.literal('text'),
  text: z.string(),
  cache_control: cache,
  citations: z.null().optional(),
});

const block = z.discriminatedUnion('type', [
  text,
  z.strictObject({
    type: z.literal('tool_use'),
    id: z.string(),
    name: z.string(),
    input: z.record(z.string(), z.unknown()),
    cache_control: cache,
    caller: z.strictObject({ type: z.literal('direct') }).optional(),
    toolset_name: z.null().optional(),
  }),
  z.strictObject({
    type: z.literal('tool_result'),
    tool_use_id: z.string(),
    content: z.union([z.string(), z.array(text)]).optional(),
    is_error: z.boolean().optional(),
    cache_control: cache,
  }),
  z.strictObject({
    type: z.literal('thinking'),
    thinking: z.string(),
    signature: z.string(),
  }),
  z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() }),
]);

const tool = z.strictObject({
  type: z.literal('custom').nullish(),
  name: z.string(),
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().nullish(),
  eager_input_streaming: z.boolean().nullish(),
  cache_control: cache,
});

const thinking = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('enabled'),
    budget_tokens: z.int().min(1).max(MAX_TOKENS),
    display: z.string().max(32).nullish(),
  }),
  z.strictObject({ type: z.literal('adaptive'), display: z.string().max(32).nullish() }),
  z.strictObject({ type: z.enum(['disabled', 'between_tools']) }),
]);

const parallel = { disable_parallel_tool_use: z.boolean().optional() };
const schema = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(1).max(MAX_TOKENS).optional(),
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant', 'system']),
        content: z.union([z.string(), z.array(block)]),
      }),
    )
    .min(1),
  system: z.union([z.string(), z.array(text)]).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().optional(),
  top_p: z.number().optional(),
  top_k: z.int().optional(),
  stop_sequences: z.array(z.string()).optional(),
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  thinking: thinking.optional(),
  tools: z.array(tool).optional(),
  tool_choice: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.enum(['auto', 'any']), ...parallel }),
      z.strictObject({ type: z.literal('tool'), name: z.string(), ...parallel }),
      z.strictObject({ type: z.literal('none') }),
    ])
    .optional(),
  output_config: z
    .strictObject({
      effort: z.string().max(32).nullish(),
      format: z
        .strictObject({
          type: z.literal('json_schema'),
          schema: z.record(z.string(), z.unknown()),
        })
        .nullish(),
    })
    .optional(),
  cache_control: cache,
  service_tier: z.literal('standard_only').optional(),
});

type Body = z.infer<typeof schema>;

function normalise(body: unknown, context: WireContext): WireCall {
  const asked = checkShape(schema, body);
  const limit = asked.max_tokens ?? context.defaultOutputTokens;
  // Without a tier a request may be served, and priced, as priority.
  const tier =
    context.host === 'api.anthropic.com' ? { service_tier: 'standard_only' as const } : {};
  const complete: Body = { ...asked, max_tokens: limit, ...tier };
  return { model: asked.model, stream: asked.stream === true, body: complete };
}

/** Inside of strings the quotes are escaped, so only the fields themselves are found. */
function cacheWrites(call: WireCall): 'none' | 'short' | 'long' {
  const json = JSON.stringify(call.body);
  if (json.includes('"ttl":"1h"')) return 'long';
  return json.includes('"cache_control":{') ? 'short' : 'none';
}

function readWhole(body: JsonObject): Answer {
  const error = errorOf(body);
  const usage = asObject(body['usage']) ?? {};
  const content = Array.isArray(body['content']) && body['content'].length > 0;
  return {
    complete: error === null && asText(body['stop_reason']) !== null,
    usage: readUsage(usage, content),
    model: asText(body['model']),
    error,
    unpriced: unpricedParts(usage),
  };
}

function streamReader(): AnswerReader {
  // Usage at the start is a placeholder for output; what the last delta says replaces it.
  const seen = { usage: {} as JsonObject, final: false, stopped: false, content: false };
  let model: string | null = null;
  let events = 0;
  let error: Answer['error'] = null;
  const lines = new LineCutter((line) => {
    const data = eventData(line);
    const event = data === null ? null : parseObject(data);
    if (event === null) return;
    events += 1;
    const { type } = event;
    const start = asObject(event['message']);
    if (type === 'message_start') model = asText(start?.['model']);
    if (type === 'content_block_start') seen.content = true;
    if (type === 'message_delta') seen.final = true;
    if (type === 'message_stop') seen.stopped = true;
    if (type === 'error') error ??= errorOf(event);
    seen.usage = { ...seen.usage, ...given(start?.['usage']), ...given(event['usage']) };
  });
  return {
    get ended() {
      return seen.stopped;
    },
    push: (chunk) => lines.push(chunk),
    answer: () => {
      lines.end();
      if (events === 0) return UNREADABLE;
      return {
        complete: error === null && seen.stopped,
        usage: seen.final && seen.stopped ? readUsage(seen.usage, seen.content) : null,
        model,
        error,
        unpriced: unpricedParts(seen.usage),
      };
    },
  };
}

function given(usage: unknown): JsonObject {
  const entries = Object.entries(asObject(usage) ?? {});
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

/** Anthropic reports fresh, read and written input apart; here input is their sum. */
function readUsage(usage: JsonObject, content: boolean): MeteredUsage | null {
  const fresh = asCount(usage['input_tokens']);
  const outputTokens = asCount(usage['output_tokens']);
  if (fresh === null || outputTokens === null || usage['cost'] === 0) return null;
  const cachedInputTokens = asCount(usage['cache_read_input_tokens']) ?? 0;
  const written = asCount(usage['cache_creation_input_tokens']) ?? 0;
  const parts = asObject(usage['cache_creation']) ?? {};
  const long = asCount(parts['ephemeral_1h_input_tokens']) ?? 0;
  const short = asCount(parts['ephemeral_5m_input_tokens']) ?? 0;
  const cacheWriteTokens = Math.max(written, long + short);
  const inputTokens = fresh + cachedInputTokens + cacheWriteTokens;
  if (inputTokens === 0 || (content && outputTokens === 0)) return null;
  const meters = { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens };
  return { ...meters, cacheWriteLongTokens: long };
}

/**
 * Inference that is kept in one region costs a tenth more. A body cannot ask for it, but a
 * workspace can have it as its default; models that know no regions say `not_available`.
 */
const ANYWHERE: ReadonlySet<unknown> = new Set([undefined, null, '', 'global', 'not_available']);

/** Parts of a bill that the totals leave out, or that another rate applies to. */
function unpricedParts(usage: JsonObject): string | null {
  const { iterations, service_tier: tier, server_tool_use: tools, speed } = usage;
  const { inference_geo: region } = usage;
  if (Array.isArray(iterations) && iterations.length > 1) return 'charged in several iterations';
  if (tier !== undefined && tier !== null && tier !== 'standard' && tier !== 'batch') {
    return 'served in another service tier than the ordinary one';
  }
  if (speed !== undefined && speed !== null && speed !== 'standard') return 'served in fast mode';
  if (!ANYWHERE.has(region)) return 'served in a region of its own, which costs more';
  const used = Object.values(asObject(tools) ?? {}).some((count) => asCount(count) !== 0);
  return used ? 'server-side tools were used' : null;
}
