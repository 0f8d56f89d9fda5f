import { z } from 'zod';
import {
  asCount,
  asObject,
  asText,
  errorOf,
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

/**
 * Ollama's native chat. Streams unless told otherwise, as NDJSON; the last line carries the counts.
 * Models that run in Ollama's cloud (`…-cloud`) are charged there whatever this machine thinks, so
 * they are refused by name, as images are.
 */
export const ollamaChat: Wire = {
  id: 'ollama-chat',
  streamType: 'application/x-ndjson',
  headers: {},
  allowHeaders: {},
  recognise: (protocol, method, path) =>
    protocol === 'ollama' && method === 'POST' && path === '/api/chat' ? path : null,
  normalise,
  bound: (call, bodyBytes) => {
    const { messages, tools, options } = call.body as Body;
    return {
      inputTokens: bodyBytes + TEMPLATE_TOKENS + 16 * messages.length + 64 * (tools?.length ?? 0),
      outputTokens: options?.num_predict ?? MAX_TOKENS,
      cacheWrites: 'none',
    };
  },
  usage: (call) =>
    call.stream ? ndjsonReader(speaks) : wholeReader((body) => readLast(body, speaks(body))),
};

/** A Modelfile may bring a template and a system prompt of its own. */
export const TEMPLATE_TOKENS = 2_048;

/** Options that shape sampling. Those that place the model on hardware are the operator's. */
export const ollamaOptions = z.strictObject({
  num_predict: z.int().min(1).max(MAX_TOKENS).nullish(),
  num_ctx: z.int().min(1).max(MAX_TOKENS).nullish(),
  num_keep: z.int().nullish(),
  seed: z.int().nullish(),
  temperature: z.number().nullish(),
  top_k: z.int().nullish(),
  top_p: z.number().nullish(),
  min_p: z.number().nullish(),
  typical_p: z.number().nullish(),
  repeat_last_n: z.int().nullish(),
  repeat_penalty: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  mirostat: z.int().nullish(),
  mirostat_tau: z.number().nullish(),
  mirostat_eta: z.number().nullish(),
  penalize_newline: z.boolean().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
});

const toolCall = z.strictObject({
  id: z.string().optional(),
  type: z.literal('function').optional(),
  function: z.strictObject({
    index: z.int().optional(),
    name: z.string(),
    arguments: z.record(z.string(), z.unknown()),
  }),
});

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string().nullish(),
  thinking: z.string().nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_name: z.string().nullish(),
  tool_call_id: z.string().nullish(),
});

const tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

export const ollamaFormat = z.union([z.enum(['json', '']), z.record(z.string(), z.unknown())]);
export const ollamaThink = z.union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])]);
export const ollamaKeepAlive = z.union([z.string().max(16), z.number()]);

const schema = z.strictObject({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  tools: z.array(tool).nullish(),
  format: ollamaFormat.nullish(),
  think: ollamaThink.nullish(),
  keep_alive: ollamaKeepAlive.nullish(),
  options: ollamaOptions.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().nullish(),
});

type Body = z.infer<typeof schema>;

function normalise(body: unknown, context: WireContext): WireCall {
  const asked = checkShape(schema, body);
  refuseCloud(asked.model);
  const stream = asked.stream !== false;
  const complete: Body = { ...asked, stream, options: withLimit(asked.options, context) };
  return { model: asked.model, stream, body: complete };
}

/** @throws RefusedError for a model that Ollama forwards to its own, charged servers. */
export function refuseCloud(model: string): void {
  if (/(?:^|[-:])cloud$/i.test(model)) {
    throw denied('model', 'is an Ollama cloud model, which is charged elsewhere');
  }
}

/** The options with a maximum of output. */
export function withLimit(
  options: z.infer<typeof ollamaOptions> | null | undefined,
  context: WireContext,
): z.infer<typeof ollamaOptions> {
  return { ...options, num_predict: options?.num_predict ?? context.defaultOutputTokens };
}

function speaks(line: JsonObject): boolean {
  const message = asObject(line['message']);
  if (message === null) return false;
  const calls = message['tool_calls'];
  const said = asText(message['content']) !== null || asText(message['thinking']) !== null;
  return said || (Array.isArray(calls) && calls.length > 0);
}

/** What the last line of a stream, or the one document, says. */
export function readLast(last: JsonObject, content: boolean): Answer {
  const error = errorOf(last);
  return {
    complete: error === null && last['done'] === true,
    usage: readUsage(last, content),
    model: asText(last['model']),
    error,
    unpriced: null,
  };
}

/** NDJSON up to the line with `done: true`. `says` tells whether a line carries content. */
export function ndjsonReader(says: (line: JsonObject) => boolean): AnswerReader {
  let last: JsonObject = {};
  let content = false;
  const lines = new LineCutter((line) => {
    const body = parseObject(line);
    if (body === null || last['done'] === true || errorOf(last) !== null) return;
    content ||= says(body);
    last = body;
  });
  return {
    get ended() {
      return last['done'] === true;
    },
    push: (chunk) => lines.push(chunk),
    answer: () => {
      lines.end();
      if (Object.keys(last).length === 0) return UNREADABLE;
      return readLast(last, content);
    },
  };
}

/**
 * `prompt_eval_count` is left out by some versions when the prompt was cached: that is a count which
 * is missing, not one of zero.
 */
function readUsage(last: JsonObject, content: boolean): MeteredUsage | null {
  const inputTokens = asCount(last['prompt_eval_count']);
  const outputTokens = asCount(last['eval_count']);
  if (inputTokens === null || outputTokens === null || inputTokens === 0) return null;
  if (content && outputTokens === 0) return null;
  const cached = asCount(last['prompt_eval_cached_count']) ?? 0;
  const cachedInputTokens = Math.min(cached, inputTokens);
  return { inputTokens, cachedInputTokens, cacheWriteTokens: 0, outputTokens };
}
