import type { Exchange } from '../../http/http-server.ts';
import { isObject } from '../../http/json.ts';
import { saidAs } from '../speech.ts';
import { countInput } from '../tokens.ts';
import {
  type Choice,
  type ModelCall,
  type ModelWire,
  type Parsed,
  type Piece,
  plainInput,
  type Reply,
  type WireSettings,
} from '../wire.ts';
import {
  checkCounts,
  type ErrorFields,
  isGiven,
  openaiBody,
  openaiError,
  refused,
} from './openai-error.ts';

/*
 * OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat
 * Thinking is billed and counted, and not shown.
 */

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

/** Most replies to one call, as documented. */
const MAX_CHOICES = 128;

/** `POST /v1/chat/completions`. */
export const openaiChat: ModelWire = {
  path: '/v1/chat/completions',
  streamType: 'text/event-stream; charset=utf-8',
  parse,
  refuse: openaiError,
  usage: ({ inputTokens, cachedInputTokens, outputTokens, thinkingTokens }) => ({
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedInputTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: thinkingTokens, audio_tokens: 0 },
  }),
  whole: (reply) => ({
    ...head(reply, 'chat.completion'),
    choices: reply.choices.map((choice, index) => ({
      index,
      message: messageOf(reply, choice, index),
      logprobs: null,
      finish_reason: finishOf(choice),
    })),
    ...(reply.usage === undefined ? {} : { usage: reply.usage }),
  }),
  opening: (reply) =>
    reply.choices
      .map((_, index) => delta(reply, index, { role: 'assistant', content: '', refusal: null }))
      .join(''),
  chunk,
  closing: (reply) => {
    const ends = reply.choices.map((choice, index) => delta(reply, index, {}, finishOf(choice)));
    return [...ends, usageEvent(reply), 'data: [DONE]\n\n'].join('');
  },
};

function finishOf({ truncated, parts }: Choice): string {
  if (truncated) return 'length';
  return parts.some(({ kind }) => kind === 'tool') ? 'tool_calls' : 'stop';
}

function messageOf(reply: Reply, choice: Choice, index: number): Record<string, unknown> {
  const calls = choice.parts.flatMap((part, at) => {
    if (part.kind !== 'tool') return [];
    const said = { name: part.name, arguments: part.tokens.join('') };
    return [{ id: callId(reply, index, at), type: 'function', function: said }];
  });
  const text = saidAs('text', choice);
  const content = calls.length > 0 && text === '' ? null : text;
  const message = { role: 'assistant', content, refusal: null, annotations: [] };
  return calls.length > 0 ? { ...message, tool_calls: calls } : message;
}

function callId(reply: Reply, choice: number, at: number): string {
  return `call_${reply.id.replace(/^call-/u, '')}_${choice}_${at}`;
}

function chunk(reply: Reply, { choice, at, part, token, first }: Piece): string {
  if (part.kind === 'thinking') return '';
  if (part.kind === 'text') return delta(reply, choice, { content: token });
  const said = { arguments: token };
  const call = first
    ? { id: callId(reply, choice, at), type: 'function', function: { name: part.name, ...said } }
    : { function: said };
  return delta(reply, choice, { tool_calls: [{ index: 0, ...call }] });
}

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

function parse(exchange: Exchange, settings: WireSettings): Parsed {
  const asked = openaiBody(exchange, settings);
  if ('answer' in asked) return asked;
  const fault = checkMessages(asked.body['messages']) ?? checkParameters(asked.body);
  return fault === undefined ? { call: toCall(asked.model, asked.body) } : refused(400, fault);
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
  const top = Number.MAX_SAFE_INTEGER;
  return checkCounts([
    ['max_tokens', old, top],
    ['max_completion_tokens', limit, top],
    ['n', n, MAX_CHOICES],
  ]);
}

function toCall(model: string, body: Record<string, unknown>): ModelCall {
  const { stream_options: options, reasoning_effort: effort } = body;
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  const extras = [body['tools'], body['functions'], body['response_format']];
  return {
    model,
    stream: body['stream'] === true,
    includeUsage: isObject(options) && options['include_usage'] === true,
    choices: Number(body['n'] ?? 1),
    limit: isGiven(limit) ? Number(limit) : undefined,
    thinks: isGiven(effort) && effort !== 'none',
    input: plainInput(countInput(body['messages'] as unknown[], extras)),
    caches: [],
    requestBody: body,
  };
}
