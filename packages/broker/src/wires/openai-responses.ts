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
 * OpenAI responses, without anything that stays there: nothing is stored, nothing refers to what
 * was stored, nothing runs in the background, and only client-side function tools are known.
 */
export const openaiResponses: Wire = {
  id: 'openai-responses',
  streamType: 'text/event-stream',
  headers: {},
  allowHeaders: {},
  recognise: (protocol, method, path) =>
    protocol === 'openai' && method === 'POST' && PATHS.has(path) ? path : null,
  normalise,
  bound: (call, bodyBytes) => {
    const { input, tools, max_output_tokens: limit } = call.body as Body;
    const items = Array.isArray(input) ? input.length : 1;
    return {
      inputTokens: bodyBytes + TEMPLATE_TOKENS + 16 * items + 64 * (tools?.length ?? 0),
      outputTokens: limit ?? MAX_TOKENS,
      cacheWrites: 'short',
    };
  },
  usage: (call) => (call.stream ? streamReader() : wholeReader(readResponse)),
};

const PATHS: ReadonlySet<string> = new Set(['/responses', '/v1/responses']);
/** Markup around the whole, as for chat completions. */
const TEMPLATE_TOKENS = 1_024;

const status = z.enum(['in_progress', 'completed', 'incomplete']).nullish();
const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const part = z.discriminatedUnion('type', [
  inputText,
  z.strictObject({
    type: z.literal('output_text'),
    text: z.string(),
    annotations: z.array(z.unknown()).max(0).optional(),
    logprobs: z.array(z.unknown()).max(0).nullish(),
  }),
  z.strictObject({ type: z.literal('refusal'), refusal: z.string() }),
]);

const message = z.strictObject({
  type: z.literal('message').optional(),
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(part)]),
  id: z.string().optional(),
  status,
  phase: z.string().nullish(),
});

const item = z.union([
  message,
  z.strictObject({
    type: z.literal('function_call'),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
    id: z.string().optional(),
    caller: z.strictObject({ type: z.literal('direct') }).nullish(),
    status,
  }),
  z.strictObject({
    type: z.literal('function_call_output'),
    call_id: z.string(),
    output: z.union([z.string(), z.array(inputText)]),
    id: z.string().nullish(),
    status,
  }),
  z.strictObject({
    type: z.literal('reasoning'),
    id: z.string().optional(),
    summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: z.string() })),
    content: z
      .array(z.strictObject({ type: z.literal('reasoning_text'), text: z.string() }))
      .optional(),
    encrypted_content: z.string().nullish(),
    status,
  }),
]);

const tool = z.strictObject({
  type: z.literal('function'),
  name: z.string(),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

const format = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: z.string(),
    description: z.string().nullish(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullish(),
  }),
]);

const schema = z.strictObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(item).min(1)]),
  instructions: z.string().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().optional() }).nullish(),
  max_output_tokens: z.int().min(1).max(MAX_TOKENS).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_logprobs: z.int().nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({ type: z.literal('function'), name: z.string() }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z
    .strictObject({ format: format.optional(), verbosity: z.string().max(32).nullish() })
    .nullish(),
  reasoning: z
    .strictObject({
      effort: z.string().max(32).nullish(),
      summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
    })
    .nullish(),
  include: z.array(z.literal('reasoning.encrypted_content')).nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  store: z.literal(false).nullish(),
  background: z.literal(false).nullish(),
  previous_response_id: z.null().optional(),
});

type Body = z.infer<typeof schema>;

function normalise(body: unknown, context: WireContext): WireCall {
  refuseReferences(body);
  const asked = checkShape(schema, body);
  const limit = asked.max_output_tokens ?? context.defaultOutputTokens;
  // Responses are stored unless told otherwise.
  const fixed = { max_output_tokens: limit, store: false as const, ...openaiTier(context) };
  const complete: Body = { ...asked, ...fixed };
  return { model: asked.model, stream: asked.stream === true, body: complete };
}

/**
 * Clients that believe their answers are stored send the ids of earlier items in place of the
 * items. Here nothing is stored, so those ids stand for nothing.
 */
function refuseReferences(body: unknown): void {
  const input = asObject(body)?.['input'];
  if (!Array.isArray(input)) return;
  const at = input.findIndex((item) => asObject(item)?.['type'] === 'item_reference');
  if (at === -1) return;
  const fix = 'send the item itself (in the AI SDK: providerOptions.openai.store = false)';
  throw denied(`input[${at}].type`, `refers to what the provider stored, which is nothing: ${fix}`);
}

/** Events that end a stream, each with the whole response. */
const LAST: ReadonlySet<unknown> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
]);

function streamReader(): AnswerReader {
  let last: JsonObject | null = null;
  let events = 0;
  let error: Answer['error'] = null;
  const lines = new LineCutter((line) => {
    const data = eventData(line);
    const event = data === null ? null : parseObject(data);
    if (event === null) return;
    events += 1;
    if (event['type'] === 'error') error ??= errorOf(event) ?? errorOf({ error: event });
    if (LAST.has(event['type'])) last ??= asObject(event['response']);
  });
  return {
    get ended() {
      return last !== null;
    },
    push: (chunk) => lines.push(chunk),
    answer: () => {
      lines.end();
      if (last !== null) return readResponse(last);
      return events === 0 ? UNREADABLE : { ...UNREADABLE, error };
    },
  };
}

function readResponse(body: JsonObject): Answer {
  const error = errorOf(body);
  const output = Array.isArray(body['output']) && body['output'].length > 0;
  return {
    complete: error === null && LAST.has(`response.${String(body['status'])}`),
    usage: readUsage(body['usage'], output),
    model: asText(body['model']),
    error,
    unpriced: unpricedTier(body['service_tier']),
  };
}

function readUsage(value: unknown, content: boolean): MeteredUsage | null {
  const usage = asObject(value);
  const inputTokens = asCount(usage?.['input_tokens']) ?? 0;
  const output = asCount(usage?.['output_tokens']);
  if (usage === null || usage['cost'] === 0 || inputTokens === 0 || output === null) return null;
  if (content && output === 0) return null;
  const details = asObject(usage['input_tokens_details']) ?? {};
  const total = asCount(usage['total_tokens']) ?? 0;
  return {
    inputTokens,
    cachedInputTokens: asCount(details['cached_tokens']) ?? 0,
    cacheWriteTokens: asCount(details['cache_write_tokens']) ?? 0,
    outputTokens: Math.max(output, total - inputTokens),
  };
}
