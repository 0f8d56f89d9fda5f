import { z } from 'zod';
import { asCount, asText, errorOf, type JsonObject, wholeReader } from '../answers.ts';
import { checkShape } from '../schema.ts';
import type { Answer, Wire, WireCall } from '../wire.ts';
import { ollamaKeepAlive, ollamaOptions, refuseCloud } from './ollama-chat.ts';

/** Ollama's embeddings, in the form that reports what it counted (`/api/embed`). */
export const ollamaEmbed: Wire = {
  id: 'ollama-embed',
  streamType: 'application/json',
  headers: {},
  allowHeaders: {},
  recognise: (protocol, method, path) =>
    protocol === 'ollama' && method === 'POST' && path === '/api/embed' ? path : null,
  normalise,
  bound: (call, bodyBytes) => {
    const { input } = call.body as Body;
    const items = Array.isArray(input) ? input.length : 1;
    return { inputTokens: bodyBytes + 16 * items, outputTokens: 0, cacheWrites: 'none' };
  },
  usage: () => wholeReader(readWhole),
};

const schema = z.strictObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(z.string())]),
  truncate: z.boolean().nullish(),
  dimensions: z.int().min(1).nullish(),
  keep_alive: ollamaKeepAlive.nullish(),
  options: ollamaOptions.nullish(),
});

type Body = z.infer<typeof schema>;

function normalise(body: unknown): WireCall {
  const asked = checkShape(schema, body);
  refuseCloud(asked.model);
  return { model: asked.model, stream: false, body: asked };
}

function readWhole(body: JsonObject): Answer {
  const inputTokens = asCount(body['prompt_eval_count']) ?? 0;
  const none = { cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };
  return {
    complete: errorOf(body) === null && Array.isArray(body['embeddings']),
    usage: inputTokens > 0 ? { inputTokens, ...none } : null,
    model: asText(body['model']),
    error: errorOf(body),
    unpriced: null,
  };
}
