import type { Exchange, JsonAnswer } from '../../http/http-server.ts';
import { isObject, parseObject } from '../../http/json.ts';
import { countInput } from '../tokens.ts';
import type { ModelWire, Parsed, Refusal, Reply, WireSettings } from '../wire.ts';

/*
 * OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat
 * Refusals come in the order of the real API: key, JSON, model, parameters.
 */

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

/** Most replies to one call, as documented. */
const MAX_CHOICES = 128;

interface ErrorFields {
  readonly message: string;
  readonly param?: string;
  readonly code?: string;
  readonly type?: string;
}

const refusals: Readonly<Record<number, ErrorFields>> = {
  401: { message: 'Incorrect API key provided.', code: 'invalid_api_key' },
  402: { message: 'Insufficient balance.', code: 'insufficient_balance' },
  429: { message: 'Rate limit reached.', type: 'requests', code: 'rate_limit_exceeded' },
  500: { message: 'The server had an error while processing your request.', type: 'server_error' },
  503: { message: 'The engine is currently overloaded.', type: 'server_error' },
  529: { message: 'Overloaded.', type: 'overloaded_error' },
};

/** `POST /v1/chat/completions`. */
export const openaiChat: ModelWire = {
  path: '/v1/chat/completions',
  streamType: 'text/event-stream; charset=utf-8',
  parse,
  refuse: ({ status, code }: Refusal) => {
    const fields = refusals[status] ?? { message: `Failed with ${status}.` };
    return errorBody(code === undefined ? fields : { ...fields, code: String(code) });
  },
  usage: (inputTokens, outputTokens) => ({
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  }),
  whole: (reply) => ({
    ...head(reply, 'chat.completion'),
    choices: reply.choices.map(({ tokens, truncated }, index) => ({
      index,
      message: { role: 'assistant', content: tokens.join(''), refusal: null },
      logprobs: null,
      finish_reason: truncated ? 'length' : 'stop',
    })),
    ...(reply.usage === undefined ? {} : { usage: reply.usage }),
  }),
  opening: (reply) =>
    reply.choices
      .map((_, index) => delta(reply, index, { role: 'assistant', content: '', refusal: null }))
      .join(''),
  chunk: (reply, index, token) => delta(reply, index, { content: token }),
  closing: (reply) => {
    const ends = reply.choices.map(({ truncated }, index) =>
      delta(reply, index, {}, truncated ? 'length' : 'stop'),
    );
    return [...ends, usageEvent(reply), 'data: [DONE]\n\n'].join('');
  },
};

function head(reply: Reply, object: string): Record<string, unknown> {
  return {
    id: `chatcmpl-${reply.id}`,
    object,
    created: Math.floor(reply.at / 1000),
    model: reply.model,
    service_tier: 'default',
    system_fingerprint: 'fp_fake',
  };
}

function event(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function delta(reply: Reply, index: number, content: unknown, end: string | null = null): string {
  const choices = [{ index, delta: content, logprobs: null, finish_reason: end }];
  const usage = reply.includeUsage ? { usage: null } : {};
  return event({ ...head(reply, 'chat.completion.chunk'), choices, ...usage });
}

/** The chunk without choices that carries usage, only when it was asked for. */
function usageEvent(reply: Reply): string {
  if (!reply.includeUsage || reply.usage === undefined) return '';
  return event({ ...head(reply, 'chat.completion.chunk'), choices: [], usage: reply.usage });
}

function errorBody({ message, param, code, type }: ErrorFields): unknown {
  return {
    error: {
      message,
      type: type ?? 'invalid_request_error',
      param: param ?? null,
      code: code ?? null,
    },
  };
}

function refused(status: number, fields: ErrorFields): { answer: JsonAnswer } {
  return { answer: { status, body: errorBody(fields) } };
}

function parse(exchange: Exchange, settings: WireSettings): Parsed {
  const keyFault = checkKey(exchange.headers.authorization, settings.requireKey);
  if (keyFault !== undefined) return refused(401, keyFault);
  const json = exchange.headers['content-type']?.includes('application/json') === true;
  const body = json ? parseObject(exchange.body) : undefined;
  if (body === undefined) {
    return refused(400, { message: 'We could not parse the JSON body of your request.' });
  }
  const { model } = body;
  if (typeof model !== 'string' || model === '') {
    return refused(400, { message: 'you must provide a model parameter' });
  }
  if (!settings.models.has(model)) {
    const message = `The model \`${model}\` does not exist or you do not have access to it.`;
    return refused(404, { message, code: 'model_not_found' });
  }
  const fault = checkMessages(body['messages']) ?? checkParameters(body);
  return fault === undefined ? { call: toCall(model, body) } : refused(400, fault);
}

function checkKey(header: string | undefined, wanted: boolean | string): ErrorFields | undefined {
  if (wanted === false) return undefined;
  const key = /^Bearer (\S+)$/u.exec(header ?? '')?.[1];
  if (key === undefined) return { message: "You didn't provide an API key." };
  if (wanted === true || key === wanted) return undefined;
  return { message: 'Incorrect API key provided.', code: 'invalid_api_key' };
}

function checkMessages(messages: unknown): ErrorFields | undefined {
  const param = 'messages';
  if (messages === undefined) {
    const message = "Missing required parameter: 'messages'.";
    return { message, param, code: 'missing_required_parameter' };
  }
  if (!Array.isArray(messages)) {
    return { message: "Invalid type for 'messages'.", param, code: 'invalid_type' };
  }
  if (messages.length === 0) {
    const message = "Invalid 'messages': empty array. Expected at least 1 item.";
    return { message, param, code: 'empty_array' };
  }
  const bad = messages.findIndex((item) => !isObject(item) || !ROLES.has(String(item['role'])));
  if (bad === -1) return undefined;
  const message = `Invalid value for 'messages[${bad}].role'.`;
  return { message, param: `messages[${bad}].role`, code: 'invalid_value' };
}

function checkParameters(body: Record<string, unknown>): ErrorFields | undefined {
  const { max_tokens: old, max_completion_tokens: limit, n, stream } = body;
  if (isGiven(old) && isGiven(limit)) {
    const both = "Setting 'max_tokens' and 'max_completion_tokens' at the same time";
    return { message: `${both} is not supported.`, code: 'invalid_parameter_combination' };
  }
  if (isGiven(body['stream_options']) && stream !== true) {
    const message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
    return { message, param: 'stream_options' };
  }
  const ranges = { max_tokens: old, max_completion_tokens: limit, n };
  for (const [param, value] of Object.entries(ranges)) {
    if (!isGiven(value)) continue;
    const top = param === 'n' ? MAX_CHOICES : Number.MAX_SAFE_INTEGER;
    if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= top) continue;
    return { message: `Invalid value for '${param}'.`, param, code: 'invalid_value' };
  }
  return undefined;
}

/** The API treats null as absent. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function toCall(
  model: string,
  body: Record<string, unknown>,
): Extract<Parsed, { call: unknown }>['call'] {
  const options = body['stream_options'];
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  const extras = [body['tools'], body['functions'], body['response_format']];
  return {
    model,
    stream: body['stream'] === true,
    includeUsage: isObject(options) && options['include_usage'] === true,
    choices: Number(body['n'] ?? 1),
    limit: isGiven(limit) ? Number(limit) : undefined,
    inputTokens: countInput(body['messages'] as unknown[], extras),
    requestBody: body,
  };
}
