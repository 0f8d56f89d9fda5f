import type { Exchange, JsonAnswer } from '../../http/http-server.ts';
import { isObject, parseObject } from '../../http/json.ts';
import { countInput } from '../tokens.ts';
import type { ModelWire, Parsed, Reply, WireSettings } from '../wire.ts';

/*
 * Ollama's chat: https://github.com/ollama/ollama/blob/main/docs/api.md
 * It streams unless told not to, knows no keys, and says every error as `{"error": "text"}`.
 */

/** `POST /api/chat`. */
export const ollamaChat: ModelWire = {
  path: '/api/chat',
  streamType: 'application/x-ndjson',
  parse,
  refuse: ({ status, code }) => ({ error: `${code ?? 'failed'} (status ${status})` }),
  usage: (inputTokens, outputTokens) => ({
    prompt_eval_count: inputTokens,
    eval_count: outputTokens,
  }),
  whole: (reply) => last(reply, reply.choices[0]?.tokens.join('') ?? ''),
  opening: () => '',
  chunk: (reply, _index, token) =>
    line({ ...head(reply), message: { role: 'assistant', content: token }, done: false }),
  closing: (reply) => line(last(reply, '')),
};

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function head(reply: Reply): Record<string, unknown> {
  return { model: reply.model, created_at: new Date(reply.at).toISOString() };
}

function last(reply: Reply, content: string): unknown {
  return {
    ...head(reply),
    message: { role: 'assistant', content },
    done_reason: reply.choices[0]?.truncated === true ? 'length' : 'stop',
    done: true,
    total_duration: 3_000_000,
    load_duration: 1_000_000,
    prompt_eval_duration: 1_000_000,
    eval_duration: 1_000_000,
    ...reply.usage,
  };
}

function refused(status: number, error: string): { answer: JsonAnswer } {
  return { answer: { status, body: { error } } };
}

function parse(exchange: Exchange, settings: WireSettings): Parsed {
  if (exchange.body.length === 0) return refused(400, 'missing request body');
  const body = parseObject(exchange.body);
  if (body === undefined) return refused(400, 'invalid JSON in request body');
  const { model, messages = [], options = {}, stream = true } = body;
  if (typeof model !== 'string' || model === '') return refused(400, 'model is required');
  if (!settings.models.has(model)) return refused(404, `model '${model}' not found`);
  if (!Array.isArray(messages) || !messages.every(isObject) || !isObject(options)) {
    return refused(400, 'json: cannot unmarshal request body');
  }
  if (messages.length === 0) return { answer: { status: 200, body: loaded(model) } };
  const limit = options['num_predict'];
  return {
    call: {
      model,
      stream: stream !== false,
      includeUsage: true,
      choices: 1,
      // A negative num_predict means no limit.
      limit: typeof limit === 'number' && limit >= 0 ? limit : undefined,
      inputTokens: countInput(messages, [body['tools'], body['format']]),
      requestBody: body,
    },
  };
}

/** Without messages the real server only loads the model, generates nothing and says so. */
function loaded(model: string): unknown {
  return {
    model,
    created_at: new Date().toISOString(),
    message: { role: 'assistant', content: '' },
    done_reason: 'load',
    done: true,
  };
}
