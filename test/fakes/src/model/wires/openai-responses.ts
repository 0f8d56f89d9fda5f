import type { Exchange } from '../../http/http-server.ts';
import { isObject } from '../../http/json.ts';
import type { Part } from '../speech.ts';
import { countInput } from '../tokens.ts';
import {
  type Choice,
  type ModelWire,
  type Parsed,
  type Piece,
  plainInput,
  type Reply,
  type WireSettings,
} from '../wire.ts';
import { checkCounts, isGiven, openaiBody, openaiError, refused } from './openai-error.ts';

/*
 * OpenAI's responses: https://platform.openai.com/docs/api-reference/responses
 * Each part of a reply is an item of the output. Thinking is an item without words, billed and
 * counted. Nothing is stored, so a reference to what was stored finds nothing.
 */

/** `POST /v1/responses`. */
export const openaiResponses: ModelWire = {
  path: '/v1/responses',
  streamType: 'text/event-stream; charset=utf-8',
  parse,
  refuse: openaiError,
  usage: ({ inputTokens, cachedInputTokens, outputTokens, thinkingTokens }) => ({
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: thinkingTokens },
    total_tokens: inputTokens + outputTokens,
  }),
  whole: finished,
  opening: (reply) => {
    const response = { ...head(reply), status: 'in_progress', output: [], usage: null };
    const started = event(reply, 'response.created', { response });
    return started + event(reply, 'response.in_progress', { response });
  },
  chunk: (reply, piece) =>
    [
      ...(piece.first ? begun(reply, piece) : []),
      ...delta(reply, piece),
      ...(piece.last ? done(reply, piece) : []),
    ].join(''),
  closing: (reply) => {
    const response = finished(reply);
    return event(reply, `response.${String(response['status'])}`, { response });
  },
};

function event(reply: Reply, type: string, fields: object): string {
  const data = { type, sequence_number: reply.serial(), ...fields };
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function head({ id, at, model, requestBody }: Reply): Record<string, unknown> {
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: Math.floor(at / 1000),
    model,
    error: null,
    incomplete_details: null,
    instructions: requestBody['instructions'] ?? null,
    max_output_tokens: requestBody['max_output_tokens'] ?? null,
    metadata: {},
    parallel_tool_calls: true,
    previous_response_id: null,
    service_tier: 'default',
    store: requestBody['store'] !== false,
    temperature: 1,
    text: requestBody['text'] ?? { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: requestBody['tools'] ?? [],
    top_p: 1,
  };
}

function finished(reply: Reply): Record<string, unknown> {
  const [choice = { parts: [], truncated: false }] = reply.choices;
  const output = choice.parts.map((part, at) => itemOf(reply, part, at, statusOf(choice)));
  const cut = choice.truncated ? { incomplete_details: { reason: 'max_output_tokens' } } : {};
  const usage = reply.usage ?? null;
  return { ...head(reply), ...cut, status: statusOf(choice), output, usage };
}

function statusOf({ truncated }: Pick<Choice, 'truncated'>): 'completed' | 'incomplete' {
  return truncated ? 'incomplete' : 'completed';
}

/** An item of the output, whole. */
function itemOf(reply: Reply, part: Part, at: number, status: string): Record<string, unknown> {
  const id = `${PREFIXES[part.kind]}_${reply.id}_${at}`;
  const text = part.tokens.join('');
  if (part.kind === 'thinking') return { id, type: 'reasoning', summary: [] };
  if (part.kind === 'text') {
    return { id, type: 'message', role: 'assistant', status, content: [textOf(text)] };
  }
  const call = { call_id: `call_${reply.id}_${at}`, name: part.name, arguments: text };
  return { id, type: 'function_call', status, ...call };
}

const PREFIXES = { thinking: 'rs', text: 'msg', tool: 'fc' } as const;

function textOf(text: string): Record<string, unknown> {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function begun(reply: Reply, { at, part }: Piece): string[] {
  const item = itemOf(reply, { ...part, tokens: [] }, at, 'in_progress');
  const place = { output_index: at };
  if (part.kind !== 'text') return [event(reply, 'response.output_item.added', { ...place, item })];
  const empty = { ...item, content: [] };
  const content = { item_id: item['id'], ...place, content_index: 0, part: textOf('') };
  return [
    event(reply, 'response.output_item.added', { ...place, item: empty }),
    event(reply, 'response.content_part.added', content),
  ];
}

function delta(reply: Reply, { at, part, token }: Piece): string[] {
  if (part.kind === 'thinking') return [];
  const place = { item_id: `${PREFIXES[part.kind]}_${reply.id}_${at}`, output_index: at };
  if (part.kind === 'tool') {
    return [event(reply, 'response.function_call_arguments.delta', { ...place, delta: token })];
  }
  const said = { ...place, content_index: 0, delta: token, logprobs: [] };
  return [event(reply, 'response.output_text.delta', said)];
}

function done(reply: Reply, { at, choice, part }: Piece): string[] {
  const item = itemOf(reply, part, at, statusOf(reply.choices[choice] ?? { truncated: false }));
  const place = { item_id: item['id'], output_index: at };
  // Called last: events are numbered as they are made.
  const last = (): string => event(reply, 'response.output_item.done', { output_index: at, item });
  const text = part.tokens.join('');
  if (part.kind === 'thinking') return [last()];
  if (part.kind === 'tool') {
    const said = { ...place, name: part.name, arguments: text };
    return [event(reply, 'response.function_call_arguments.done', said), last()];
  }
  const spot = { ...place, content_index: 0 };
  return [
    event(reply, 'response.output_text.done', { ...spot, text, logprobs: [] }),
    event(reply, 'response.content_part.done', { ...spot, part: textOf(text) }),
    last(),
  ];
}

function parse(exchange: Exchange, settings: WireSettings): Parsed {
  const asked = openaiBody(exchange, settings);
  if ('answer' in asked) return asked;
  const { model, body } = asked;
  const fault = checkInput(body) ?? checkCounts([['max_output_tokens', body[LIMIT], Infinity]]);
  if (fault !== undefined) return refused(400, fault);
  const { input, instructions, tools, text, reasoning } = body;
  const items: unknown[] = Array.isArray(input) ? input : [input];
  const told = instructions === undefined || instructions === null ? [] : [instructions];
  const effort = isObject(reasoning) ? reasoning['effort'] : undefined;
  return {
    call: {
      model,
      stream: body['stream'] === true,
      includeUsage: true,
      choices: 1,
      limit: isGiven(body[LIMIT]) ? Number(body[LIMIT]) : undefined,
      thinks: isGiven(effort) && effort !== 'none',
      input: plainInput(countInput([...told, ...items], [tools, text])),
      caches: [],
      requestBody: body,
    },
  };
}

const LIMIT = 'max_output_tokens';

function checkInput(body: Record<string, unknown>) {
  const { input, previous_response_id: previous } = body;
  if (isGiven(previous)) {
    const message = `Previous response with id '${String(previous)}' not found.`;
    return { message, param: 'previous_response_id', code: 'previous_response_not_found' };
  }
  const items: unknown = typeof input === 'string' ? [{}] : input;
  if (!Array.isArray(items) || !items.every(isObject)) {
    return { message: "Missing required parameter: 'input'.", param: 'input' };
  }
  const lost = items.find((item: Record<string, unknown>) => item['type'] === 'item_reference');
  if (lost === undefined) return undefined;
  return { message: `Item with id '${String(lost['id'])}' not found.`, param: 'input' };
}
