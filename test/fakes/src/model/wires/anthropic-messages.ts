import type { Exchange, JsonAnswer } from '../../http/http-server.ts';
import { isObject, parseObject } from '../../http/json.ts';
import { argumentsOf, type Part } from '../speech.ts';
import type {
  Choice,
  ModelCall,
  ModelWire,
  Parsed,
  Piece,
  Refusal,
  Reply,
  WireSettings,
} from '../wire.ts';
import { countPrompt } from './anthropic-prompt.ts';

/*
 * Anthropic's messages: https://platform.claude.com/docs/en/api/messages
 * Thinking is a block of its own and part of `max_tokens`. Usage counts fresh, read and written
 * input apart, and written input by its lifetime.
 */

/** `POST /v1/messages`. */
export const anthropicMessages: ModelWire = {
  path: '/v1/messages',
  streamType: 'text/event-stream; charset=utf-8',
  parse,
  refuse: ({ status, code }: Refusal) =>
    errorBody(String(code ?? TYPES[status] ?? 'api_error'), `Failed with ${status}.`),
  usage: (meters) => {
    const { inputTokens, cachedInputTokens, cacheWriteTokens, cacheWriteLongTokens } = meters;
    return {
      input_tokens: inputTokens - cachedInputTokens - cacheWriteTokens,
      cache_read_input_tokens: cachedInputTokens,
      cache_creation_input_tokens: cacheWriteTokens,
      cache_creation: {
        ephemeral_5m_input_tokens: cacheWriteTokens - cacheWriteLongTokens,
        ephemeral_1h_input_tokens: cacheWriteLongTokens,
      },
      output_tokens: meters.outputTokens,
      output_tokens_details: { thinking_tokens: meters.thinkingTokens },
      server_tool_use: null,
      service_tier: 'standard',
      inference_geo: 'global',
    };
  },
  whole: (reply) => ({
    ...head(reply),
    content: (reply.choices[0]?.parts ?? []).map((part, at) => blockOf(reply, part, at)),
    stop_reason: stopOf(reply),
    ...(reply.usage === undefined ? {} : { usage: reply.usage }),
  }),
  opening: (reply) => {
    const usage = reply.usage && { ...reply.usage, output_tokens: 1 };
    const message = { ...head(reply), content: [], stop_reason: null, usage };
    return event('message_start', { message }) + event('ping', {});
  },
  chunk,
  closing: (reply) => {
    const delta = { stop_reason: stopOf(reply), stop_sequence: null };
    return event('message_delta', { delta, usage: reply.usage }) + event('message_stop', {});
  },
};

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function head(reply: Reply): Record<string, unknown> {
  const id = `msg_${reply.id}`;
  return { id, type: 'message', role: 'assistant', model: reply.model, stop_sequence: null };
}

function stopOf({ choices }: Reply): string {
  const [choice = { parts: [], truncated: false } satisfies Choice] = choices;
  if (choice.truncated) return 'max_tokens';
  return choice.parts.some(({ kind }) => kind === 'tool') ? 'tool_use' : 'end_turn';
}

/** Signs what was thought, so that it can be sent back. */
const SIGNATURE = 'c2lnbmVkLWJ5LWEtZmFrZQ==';

function blockOf(reply: Reply, part: Part, at: number): Record<string, unknown> {
  const text = part.tokens.join('');
  if (part.kind === 'thinking') return { type: 'thinking', thinking: text, signature: SIGNATURE };
  if (part.kind === 'text') return { type: 'text', text, citations: null };
  const id = `toolu_${reply.id}_${at}`;
  const caller = { type: 'direct' };
  return { type: 'tool_use', id, name: part.name, input: argumentsOf(part), caller };
}

/** What a block is before its first delta. */
const EMPTY = {
  thinking: { thinking: '', signature: '' },
  text: { text: '' },
  tool: { input: {} },
};

function chunk(reply: Reply, { at: index, part, token, first, last }: Piece): string {
  const block = { ...blockOf(reply, part, index), ...EMPTY[part.kind] };
  const delta = (fields: object): string => event('content_block_delta', { index, delta: fields });
  const deltas = {
    thinking: { type: 'thinking_delta', thinking: token },
    text: { type: 'text_delta', text: token },
    tool: { type: 'input_json_delta', partial_json: token },
  };
  const signed = { type: 'signature_delta', signature: SIGNATURE };
  return [
    first ? event('content_block_start', { index, content_block: block }) : '',
    delta(deltas[part.kind]),
    last && part.kind === 'thinking' ? delta(signed) : '',
    last ? event('content_block_stop', { index }) : '',
  ].join('');
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function errorBody(type: string, message: string): unknown {
  return { type: 'error', error: { type, message }, request_id: 'req_fake' };
}

function refused(status: number, message: string): { answer: JsonAnswer } {
  return { answer: { status, body: errorBody(TYPES[status] ?? 'api_error', message) } };
}

function parse(exchange: Exchange, settings: WireSettings): Parsed {
  const { headers } = exchange;
  if (!hasKey(headers, settings.requireKey)) return refused(401, 'invalid x-api-key');
  if (headers['anthropic-version'] === undefined) {
    return refused(400, 'anthropic-version: header is required');
  }
  const body = parseObject(exchange.body);
  if (body === undefined) return refused(400, 'The request body is not valid JSON.');
  const { model } = body;
  if (typeof model !== 'string') return refused(400, 'model: Field required');
  if (!settings.models.has(model)) return refused(404, `model: ${model}`);
  const fault = checkBody(body);
  return fault === undefined ? { call: toCall(model, body, settings) } : refused(400, fault);
}

/** A key comes in its own header or, from newer clients, as a bearer token. */
function hasKey(headers: Exchange['headers'], wanted: boolean | string): boolean {
  if (wanted === false) return true;
  const key = headers['x-api-key'] ?? /^Bearer (\S+)$/u.exec(headers.authorization ?? '')?.[1];
  return wanted === true ? key !== undefined : key === wanted;
}

const ROLES: ReadonlySet<unknown> = new Set(['user', 'assistant', 'system']);

/** Least budget of thinking, as documented. */
const MIN_BUDGET = 1_024;

function checkBody(body: Record<string, unknown>): string | undefined {
  const { max_tokens: limit, messages, thinking } = body;
  if (!Number.isSafeInteger(limit) || Number(limit) < 1) return 'max_tokens: Field required';
  if (!Array.isArray(messages) || messages.length === 0)
    return 'messages: at least one is required';
  const roles = messages.map((message) => isObject(message) && message['role']);
  const bad = roles.findIndex((role) => !ROLES.has(role));
  if (bad !== -1) return `messages.${bad}.role: Input should be 'user' or 'assistant'`;
  if (!isObject(thinking) || thinking['type'] !== 'enabled') return undefined;
  const budget = Number(thinking['budget_tokens']);
  if (!(budget >= MIN_BUDGET)) return 'thinking.enabled.budget_tokens: at least 1024';
  return budget < Number(limit) ? undefined : 'max_tokens: must be above thinking.budget_tokens';
}

function toCall(model: string, body: Record<string, unknown>, settings: WireSettings): ModelCall {
  const { thinking } = body;
  return {
    model,
    stream: body['stream'] === true,
    includeUsage: true,
    choices: 1,
    limit: Number(body['max_tokens']),
    thinks: isObject(thinking) && ['enabled', 'adaptive'].includes(String(thinking['type'])),
    ...countPrompt(model, body, settings.isCached),
    requestBody: body,
  };
}
