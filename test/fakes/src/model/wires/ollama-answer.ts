import type { Exchange, JsonAnswer } from '../../http/http-server.ts';
import { isObject, parseObject } from '../../http/json.ts';
import type { Meters } from '../bill.ts';
import type { Refusal, Reply, WireSettings } from '../wire.ts';

/*
 * What Ollama's calls have in common: https://github.com/ollama/ollama/blob/main/docs/api.md
 * It streams unless told not to, knows no keys, and says every error as `{"error": "text"}`.
 */

export const NDJSON = 'application/x-ndjson';

/** The body of a failure that was scripted. */
export function ollamaError({ status, code }: Refusal): unknown {
  return { error: `${code ?? 'failed'} (status ${status})` };
}

/** The counts of the last line. */
export function ollamaUsage({ inputTokens, outputTokens }: Meters): Record<string, unknown> {
  return { prompt_eval_count: inputTokens, eval_count: outputTokens };
}

/** One line of a stream. */
export function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** What every line begins with. */
export function head(reply: Reply): Record<string, unknown> {
  return { model: reply.model, created_at: new Date(reply.at).toISOString() };
}

/** What the last line ends with. */
export function tail(reply: Reply): Record<string, unknown> {
  return {
    done_reason: reply.choices[0]?.truncated === true ? 'length' : 'stop',
    done: true,
    total_duration: 3_000_000,
    load_duration: 1_000_000,
    prompt_eval_duration: 1_000_000,
    eval_duration: 1_000_000,
    ...reply.usage,
  };
}

/** An answer that ends a call. */
export function refused(status: number, error: string): { answer: JsonAnswer } {
  return { answer: { status, body: { error } } };
}

/** The body and its model, or the answer that ends the call. */
export function ollamaBody(
  exchange: Exchange,
  settings: WireSettings,
): { model: string; body: Record<string, unknown> } | { answer: JsonAnswer } {
  if (exchange.body.length === 0) return refused(400, 'missing request body');
  const body = parseObject(exchange.body);
  if (body === undefined) return refused(400, 'invalid JSON in request body');
  const { model, options = {} } = body;
  if (typeof model !== 'string' || model === '') return refused(400, 'model is required');
  if (!settings.models.has(model)) return refused(404, `model '${model}' not found`);
  if (!isObject(options)) return refused(400, 'json: cannot unmarshal request body');
  return { model, body };
}

/** What the body says of the output: a negative `num_predict` means no limit. */
export function ollamaWishes(body: Record<string, unknown>) {
  const limit = (body['options'] as Record<string, unknown> | undefined)?.['num_predict'];
  return {
    stream: body['stream'] !== false,
    includeUsage: true,
    choices: 1,
    limit: typeof limit === 'number' && limit >= 0 ? limit : undefined,
    thinks: body['think'] !== undefined && body['think'] !== false,
    caches: [],
    requestBody: body,
  };
}

/** Without anything to say the real server only loads the model, and says so. */
export function loaded(model: string, nothing: Record<string, unknown>): { answer: JsonAnswer } {
  const created_at = new Date().toISOString();
  const body = { model, created_at, ...nothing, done_reason: 'load', done: true };
  return { answer: { status: 200, body } };
}
