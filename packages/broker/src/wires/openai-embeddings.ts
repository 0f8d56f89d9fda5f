import { z } from 'zod';
import { asCount, asObject, asText, errorOf, type JsonObject, wholeReader } from '../answers.ts';
import { checkShape } from '../schema.ts';
import type { Answer, Wire, WireCall } from '../wire.ts';

/** OpenAI embeddings, also as compatible servers speak it. There is no output to pay for. */
export const openaiEmbeddings: Wire = {
  id: 'openai-embeddings',
  streamType: 'application/json',
  headers: {},
  allowHeaders: {},
  recognise: (protocol, method, path) =>
    protocol !== 'anthropic' && method === 'POST' && PATHS.has(path) ? path : null,
  normalise,
  bound: (call, bodyBytes) => {
    const { input } = call.body as Body;
    const items = Array.isArray(input) ? input.length : 1;
    return { inputTokens: bodyBytes + 16 * items, outputTokens: 0, cacheWrites: 'none' };
  },
  usage: () => wholeReader(readWhole),
};

const PATHS: ReadonlySet<string> = new Set(['/embeddings', '/v1/embeddings']);

const token = z.int().min(0);
const schema = z.strictObject({
  model: z.string().min(1),
  // Ready tokens take at least two bytes each in JSON, so the bytes bound them as well.
  input: z.union([z.string(), z.array(z.string()), z.array(token), z.array(z.array(token))]),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.int().min(1).nullish(),
  user: z.string().nullish(),
});

type Body = z.infer<typeof schema>;

function normalise(body: unknown): WireCall {
  const asked = checkShape(schema, body);
  return { model: asked.model, stream: false, body: asked };
}

function readWhole(body: JsonObject): Answer {
  const usage = asObject(body['usage']);
  const inputTokens = asCount(usage?.['prompt_tokens']) ?? 0;
  const believable = inputTokens > 0 && usage?.['cost'] !== 0;
  const none = { cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };
  return {
    complete: errorOf(body) === null && Array.isArray(body['data']),
    usage: believable ? { inputTokens, ...none } : null,
    model: asText(body['model']),
    error: errorOf(body),
    unpriced: null,
  };
}
