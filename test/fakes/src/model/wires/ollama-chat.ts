import type { Exchange } from '../../http/http-server.ts';
import { isObject } from '../../http/json.ts';
import { argumentsOf, type Part, saidAs } from '../speech.ts';
import { countInput } from '../tokens.ts';
import {
  type ModelWire,
  type Parsed,
  type Piece,
  plainInput,
  type Reply,
  type WireSettings,
} from '../wire.ts';
import {
  head,
  line,
  loaded,
  NDJSON,
  ollamaBody,
  ollamaError,
  ollamaUsage,
  ollamaWishes,
  refused,
  tail,
} from './ollama-answer.ts';

/** `POST /api/chat`. */
export const ollamaChat: ModelWire = {
  path: '/api/chat',
  streamType: NDJSON,
  parse,
  refuse: ollamaError,
  usage: ollamaUsage,
  whole: (reply) => ({ ...head(reply), message: messageOf(reply), ...tail(reply) }),
  opening: () => '',
  chunk: (reply, piece) => {
    const said = deltaOf(reply, piece);
    if (said === null) return '';
    return line({ ...head(reply), message: { role: 'assistant', ...said }, done: false });
  },
  closing: (reply) =>
    line({ ...head(reply), message: { role: 'assistant', content: '' }, ...tail(reply) }),
};

function messageOf(reply: Reply): Record<string, unknown> {
  const [choice = { parts: [] }] = reply.choices;
  const thinking = saidAs('thinking', choice);
  const calls = choice.parts.flatMap((part) => (part.kind === 'tool' ? [callOf(reply, part)] : []));
  return {
    role: 'assistant',
    content: saidAs('text', choice),
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** A tool call comes whole, with its last token. */
function deltaOf(reply: Reply, { part, token, last }: Piece): Record<string, unknown> | null {
  if (part.kind === 'text') return { content: token };
  if (part.kind === 'thinking') return { content: '', thinking: token };
  return last ? { content: '', tool_calls: [callOf(reply, part)] } : null;
}

function callOf(reply: Reply, part: Extract<Part, { kind: 'tool' }>): unknown {
  const said = { index: 0, name: part.name, arguments: argumentsOf(part) };
  return { id: `call_${reply.id}`, function: said };
}

function parse(exchange: Exchange, settings: WireSettings): Parsed {
  const asked = ollamaBody(exchange, settings);
  if ('answer' in asked) return asked;
  const { model, body } = asked;
  const { messages = [], tools, format } = body;
  if (!Array.isArray(messages) || !messages.every(isObject)) {
    return refused(400, 'json: cannot unmarshal request body');
  }
  if (messages.length === 0) {
    return loaded(model, { message: { role: 'assistant', content: '' } });
  }
  const input = plainInput(countInput(messages, [tools, format]));
  return { call: { model, ...ollamaWishes(body), input } };
}
