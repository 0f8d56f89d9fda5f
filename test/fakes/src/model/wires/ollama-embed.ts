import type { Exchange } from '../../http/http-server.ts';
import { countText } from '../tokens.ts';
import { type ModelWire, NO_STREAM, type Parsed, plainInput, type WireSettings } from '../wire.ts';
import { ollamaBody, ollamaError, ollamaWishes, refused } from './ollama-answer.ts';
import { vectorOf } from './vector.ts';

/** `POST /api/embed`. Each text costs its tokens and one that marks its start. */
export const ollamaEmbed: ModelWire = {
  ...NO_STREAM,
  path: '/api/embed',
  streamType: 'application/json',
  parse,
  refuse: ollamaError,
  usage: ({ inputTokens }) => ({ prompt_eval_count: inputTokens }),
  whole: ({ model, requestBody, usage }) => ({
    model,
    embeddings: textsOf(requestBody['input'])?.map((text) =>
      vectorOf(text, requestBody['dimensions']),
    ),
    total_duration: 3_000_000,
    load_duration: 1_000_000,
    ...usage,
  }),
};

function textsOf(input: unknown): string[] | null {
  const texts: unknown[] = Array.isArray(input) ? input : [input];
  return texts.every((text) => typeof text === 'string') ? texts : null;
}

function parse(exchange: Exchange, settings: WireSettings): Parsed {
  const asked = ollamaBody(exchange, settings);
  if ('answer' in asked) return asked;
  const { model, body } = asked;
  const texts = textsOf(body['input']);
  if (texts === null) return refused(400, 'invalid input type');
  const input = plainInput(texts.reduce((sum, text) => sum + 1 + countText(text), 0));
  return { call: { model, ...ollamaWishes(body), stream: false, choices: 0, input } };
}
