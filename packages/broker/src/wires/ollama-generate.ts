import { z } from 'zod';
import { asText, type JsonObject, wholeReader } from '../answers.ts';
import { checkShape } from '../schema.ts';
import type { Wire, WireCall, WireContext } from '../wire.ts';
import { MAX_TOKENS } from '../wire.ts';
import {
  ndjsonReader,
  ollamaFormat,
  ollamaKeepAlive,
  ollamaOptions,
  ollamaThink,
  readLast,
  refuseCloud,
  TEMPLATE_TOKENS,
  withLimit,
} from './ollama-chat.ts';

/**
 * Ollama's completion of one prompt. Neither images nor the `context` of an earlier answer, whose
 * size on the wire says nothing of what it stands for.
 */
export const ollamaGenerate: Wire = {
  id: 'ollama-generate',
  streamType: 'application/x-ndjson',
  headers: {},
  allowHeaders: {},
  recognise: (protocol, method, path) =>
    protocol === 'ollama' && method === 'POST' && path === '/api/generate' ? path : null,
  normalise,
  bound: (call, bodyBytes) => ({
    inputTokens: bodyBytes + TEMPLATE_TOKENS,
    outputTokens: (call.body as Body).options?.num_predict ?? MAX_TOKENS,
    cacheWrites: 'none',
  }),
  usage: (call) =>
    call.stream ? ndjsonReader(speaks) : wholeReader((body) => readLast(body, speaks(body))),
};

const schema = z.strictObject({
  model: z.string().min(1),
  prompt: z.string().min(1),
  suffix: z.string().nullish(),
  system: z.string().nullish(),
  template: z.string().nullish(),
  raw: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  format: ollamaFormat.nullish(),
  think: ollamaThink.nullish(),
  keep_alive: ollamaKeepAlive.nullish(),
  options: ollamaOptions.nullish(),
});

type Body = z.infer<typeof schema>;

function normalise(body: unknown, context: WireContext): WireCall {
  const asked = checkShape(schema, body);
  refuseCloud(asked.model);
  const stream = asked.stream !== false;
  const complete: Body = { ...asked, stream, options: withLimit(asked.options, context) };
  return { model: asked.model, stream, body: complete };
}

function speaks(line: JsonObject): boolean {
  return asText(line['response']) !== null || asText(line['thinking']) !== null;
}
