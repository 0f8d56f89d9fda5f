import type { Exchange } from '../../http/http-server.ts';
import { countText } from '../tokens.ts';
import { type ModelWire, NO_STREAM, type Parsed, plainInput, type WireSettings } from '../wire.ts';
import { checkCounts, isGiven, openaiBody, openaiError, refused } from './openai-error.ts';
import { vectorOf } from './vector.ts';

/*
 * OpenAI's embeddings: https://platform.openai.com/docs/api-reference/embeddings
 * Input is a text, texts, or ready tokens; the official clients ask for base64.
 */

/** Most inputs of one call, as documented. */
const MAX_INPUTS = 2_048;

/** `POST /v1/embeddings`. */
export const openaiEmbeddings: ModelWire = {
  ...NO_STREAM,
  path: '/v1/embeddings',
  streamType: 'application/json',
  parse,
  refuse: openaiError,
  usage: ({ inputTokens }) => ({ prompt_tokens: inputTokens, total_tokens: inputTokens }),
  whole: ({ model, requestBody, usage }) => ({
    object: 'list',
    data: inputsOf(requestBody['input']).map((input, index) => ({
      object: 'embedding',
      index,
      embedding: encode(vectorOf(JSON.stringify(input), requestBody['dimensions']), requestBody),
    })),
    model,
    ...(usage === undefined ? {} : { usage }),
  }),
};

type Input = string | readonly number[];

function encode(vector: number[], body: Readonly<Record<string, unknown>>): unknown {
  if (body['encoding_format'] !== 'base64') return vector;
  return Buffer.from(new Float32Array(vector).buffer).toString('base64');
}

/** One list of tokens is one input; a list of texts, or of lists, is several. */
function inputsOf(value: unknown): readonly Input[] {
  if (!Array.isArray(value)) return [value as Input];
  return value.some((item) => typeof item === 'number') ? [value as number[]] : (value as Input[]);
}

function parse(exchange: Exchange, settings: WireSettings): Parsed {
  const asked = openaiBody(exchange, settings);
  if ('answer' in asked) return asked;
  const { model, body } = asked;
  const inputs = inputsOf(body['input']);
  const good = inputs.length > 0 && inputs.length <= MAX_INPUTS && inputs.every(isInput);
  if (!good) return refused(400, { message: "'$.input' is invalid.", param: 'input' });
  const fault = checkCounts([['dimensions', body['dimensions'], 4_096]]);
  if (fault !== undefined) return refused(400, fault);
  const tokens = inputs.map((input) =>
    typeof input === 'string' ? countText(input) : input.length,
  );
  const call = {
    model,
    stream: false,
    includeUsage: true,
    choices: 0,
    limit: undefined,
    thinks: false,
    input: plainInput(tokens.reduce((sum, count) => sum + count, 0)),
    caches: [],
    requestBody: body,
  };
  return { call };
}

/** Neither an empty text nor an empty list is taken. */
function isInput(input: unknown): boolean {
  if (typeof input === 'string') return input !== '';
  if (!Array.isArray(input) || input.length === 0) return false;
  return input.every((token) => isGiven(token) && Number.isSafeInteger(token));
}
