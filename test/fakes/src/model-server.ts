import type { ModelFault } from './faults.ts';
import type { Exchange } from './http/http-server.ts';
import { sendJson } from './http/http-server.ts';
import type { Core, ScriptedServer } from './http/scripted-server.ts';
import { startScripted } from './http/scripted-server.ts';
import type { BillStatement, PriceTable } from './model/bill.ts';
import { Bill } from './model/bill.ts';
import type { ModelContext } from './model/call.ts';
import { runCall } from './model/call.ts';
import type { Speech } from './model/speech.ts';
import { anthropicMessages } from './model/wires/anthropic-messages.ts';
import { ollamaChat } from './model/wires/ollama-chat.ts';
import { ollamaEmbed } from './model/wires/ollama-embed.ts';
import { ollamaGenerate } from './model/wires/ollama-generate.ts';
import { openaiChat } from './model/wires/openai-chat.ts';
import { openaiEmbeddings } from './model/wires/openai-embeddings.ts';
import { openaiError } from './model/wires/openai-error.ts';
import { openaiResponses } from './model/wires/openai-responses.ts';

/** How to start a model server. */
export interface ModelServerOptions {
  /** The models it serves and what it charges for them. */
  readonly prices: PriceTable;
  /** Port on 127.0.0.1; 0 or absent means any free one. */
  readonly port?: number | undefined;
  /** OpenAI and Anthropic calls need a key: any one (`true`) or this one. Default `false`. */
  readonly requireKey?: boolean | string | undefined;
  /** What the model says, for all calls or by request. Default 24 tokens of text. */
  readonly reply?:
    | Speech
    | ((requestBody: Readonly<Record<string, unknown>>) => Speech)
    | undefined;
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
const wires = [
  openaiChat,
  openaiResponses,
  openaiEmbeddings,
  anthropicMessages,
  ollamaChat,
  ollamaGenerate,
  ollamaEmbed,
];

/**
 * Starts a provider on 127.0.0.1: chat completions, responses, embeddings and `GET /v1/models` of
 * OpenAI, messages of Anthropic, chat, generate, embed and `GET /api/tags` of Ollama, the control
 * pages of every scripted server, and `GET /__bill`. An accepted call is billed for its input at once and for each token of output as
 * it is generated, so a call cut in the middle is billed for what came until then.
 */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const { reply = DEFAULT_REPLY_TOKENS, prices } = options;
  const bill = new Bill(prices);
  const cached = new Set<string>();
  const context: ModelContext = {
    bill,
    models: new Set(Object.keys(prices)),
    requireKey: options.requireKey ?? false,
    isCached: (prefix) => cached.has(prefix),
    cache: (prefixes) => prefixes.forEach((prefix) => cached.add(prefix)),
    speech: (requestBody) => (typeof reply === 'function' ? reply(requestBody) : reply),
  };
  const server = await startScripted<ModelFault>({
    kind: 'model',
    port: options.port,
    maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    tooLarge: { status: 413, body: openaiError({ status: 413 }) },
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
