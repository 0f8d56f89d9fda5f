import type { ModelFault } from './faults.ts';
import type { Exchange } from './http/http-server.ts';
import { sendJson } from './http/http-server.ts';
import type { Core, ScriptedServer } from './http/scripted-server.ts';
import { startScripted } from './http/scripted-server.ts';
import type { BillStatement, PriceTable } from './model/bill.ts';
import { Bill } from './model/bill.ts';
import type { ModelContext, Speech } from './model/call.ts';
import { runCall } from './model/call.ts';
import { ollamaChat } from './model/wires/ollama-chat.ts';
import { openaiChat } from './model/wires/openai-chat.ts';

/** How to start a model server. */
export interface ModelServerOptions {
  /** The models it serves and what it charges for them. */
  readonly prices: PriceTable;
  /** Port on 127.0.0.1; 0 or absent means any free one. */
  readonly port?: number | undefined;
  /** OpenAI calls need a bearer token: any one (`true`) or this one. Default `false`. */
  readonly requireKey?: boolean | string | undefined;
  /** What the model says: text, a number of tokens, or either by request. Default 24 tokens. */
  readonly reply?: Speech | ((requestBody: unknown) => Speech) | undefined;
  /** Longer request bodies get a 413. Default 16 MB. */
  readonly maxBodyBytes?: number | undefined;
}

/** A running model server. */
export interface ModelServer extends ScriptedServer<ModelFault> {
  /** What the provider charges for the calls it accepted, whatever its answers claimed. */
  bill(): BillStatement;
}

const DEFAULT_REPLY_TOKENS = 24;
const DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024;
const wires = [openaiChat, ollamaChat];

/**
 * Starts a provider on 127.0.0.1: `POST /v1/chat/completions`, `GET /v1/models` (OpenAI),
 * `POST /api/chat`, `GET /api/tags` (Ollama), the control pages of every scripted server, and
 * `GET /__bill`. An accepted call is billed for its input at once and for each token of output as
 * it is generated, so a call cut in the middle is billed for what came until then.
 */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const { reply = DEFAULT_REPLY_TOKENS, prices } = options;
  const bill = new Bill(prices);
  const context: ModelContext = {
    bill,
    models: new Set(Object.keys(prices)),
    requireKey: options.requireKey ?? false,
    speech: (requestBody) => (typeof reply === 'function' ? reply(requestBody) : reply),
  };
  const server = await startScripted<ModelFault>({
    kind: 'model',
    port: options.port,
    maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    tooLarge: { status: 413, body: openaiChat.refuse({ status: 413 }) },
    pages: { bill: () => bill.statement() },
    handle: (exchange, core) => route(exchange, core, context),
  });
  return { ...server, bill: () => bill.statement() };
}

async function route(exchange: Exchange, core: Core, context: ModelContext): Promise<void> {
  const { method, path } = exchange;
  const wire = wires.find((candidate) => candidate.path === path);
  if (method === 'POST' && wire !== undefined) return runCall(wire, exchange, core, context);
  const list = method === 'GET' ? modelList(path, [...context.models]) : undefined;
  if (list !== undefined) return sendJson(exchange, { status: 200, body: list });
  const message = `Invalid URL (${method} ${path})`;
  const error = { message, type: 'invalid_request_error', param: null, code: null };
  return sendJson(exchange, { status: 404, body: { error } });
}

function modelList(path: string, names: readonly string[]): unknown {
  if (path === '/v1/models') {
    const data = names.map((id) => ({ id, object: 'model', created: 0, owned_by: 'fakes' }));
    return { object: 'list', data };
  }
  if (path !== '/api/tags') return undefined;
  return { models: names.map((name) => ({ name, model: name, size: 0, details: {} })) };
}
