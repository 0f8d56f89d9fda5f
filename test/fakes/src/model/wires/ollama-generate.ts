import type { Exchange } from '../../http/http-server.ts';
import { saidAs } from '../speech.ts';
import { countInput } from '../tokens.ts';
import { type ModelWire, type Parsed, plainInput, type WireSettings } from '../wire.ts';
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

/** `POST /api/generate`. */
export const ollamaGenerate: ModelWire = {
  path: '/api/generate',
  streamType: NDJSON,
  parse,
  refuse: ollamaError,
  usage: ollamaUsage,
  whole: (reply) => {
    const [choice = { parts: [] }] = reply.choices;
    const thinking = saidAs('thinking', choice);
    const said = { response: saidAs('text', choice), ...(thinking === '' ? {} : { thinking }) };
    return { ...head(reply), ...said, ...tail(reply) };
  },
  opening: () => '',
  chunk: (reply, { part, token }) => {
    const said = part.kind === 'text' ? { response: token } : { response: '', thinking: token };
    return line({ ...head(reply), ...said, done: false });
  },
  closing: (reply) => line({ ...head(reply), response: '', ...tail(reply) }),
};

function parse(exchange: Exchange, settings: WireSettings): Parsed {
  const asked = ollamaBody(exchange, settings);
  if ('answer' in asked) return asked;
  const { model, body } = asked;
  const { prompt = '', system, suffix, format } = body;
  if (typeof prompt !== 'string') return refused(400, 'json: cannot unmarshal request body');
  if (prompt === '') return loaded(model, { response: '' });
  const texts = [prompt, system, suffix].filter((text) => typeof text === 'string');
  const input = plainInput(countInput(texts, [format]));
  return { call: { model, ...ollamaWishes(body), input } };
}
