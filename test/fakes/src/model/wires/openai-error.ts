import type { Exchange, JsonAnswer } from '../../http/http-server.ts';
import { parseObject } from '../../http/json.ts';
import type { Refusal, WireSettings } from '../wire.ts';

/*
 * What OpenAI's APIs refuse alike, in the order of the real ones: key, JSON, model; the parameters
 * are each wire's own. https://platform.openai.com/docs/guides/error-codes
 */

/** An error in OpenAI's words. */
export interface ErrorFields {
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

/** The body of a failure that was scripted. */
export function openaiError({ status, code }: Refusal): unknown {
  const fields = refusals[status] ?? { message: `Failed with ${status}.` };
  return errorBody(code === undefined ? fields : { ...fields, code: String(code) });
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

/** An answer that ends a call. */
export function refused(status: number, fields: ErrorFields): { answer: JsonAnswer } {
  return { answer: { status, body: errorBody(fields) } };
}

/** The body and its model, or the answer that ends the call. */
export function openaiBody(
  exchange: Exchange,
  settings: WireSettings,
): { model: string; body: Record<string, unknown> } | { answer: JsonAnswer } {
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
  return { model, body };
}

function checkKey(header: string | undefined, wanted: boolean | string): ErrorFields | undefined {
  if (wanted === false) return undefined;
  const key = /^Bearer (\S+)$/u.exec(header ?? '')?.[1];
  if (key === undefined) return { message: "You didn't provide an API key." };
  if (wanted === true || key === wanted) return undefined;
  return { message: 'Incorrect API key provided.', code: 'invalid_api_key' };
}

/** The API treats null as absent. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The fault of the first of these that is not a whole number from 1 to its maximum. */
export function checkCounts(counts: readonly (readonly [string, unknown, number])[]) {
  for (const [param, value, top] of counts) {
    if (!isGiven(value)) continue;
    if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= top) continue;
    return { message: `Invalid value for '${param}'.`, param, code: 'invalid_value' };
  }
  return undefined;
}
