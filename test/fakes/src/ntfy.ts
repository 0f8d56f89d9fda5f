import { randomBytes } from 'node:crypto';
import type { Effects, ReceiverFault } from './faults.ts';
import type { Exchange, JsonAnswer } from './http/http-server.ts';
import { sendJson } from './http/http-server.ts';
import type { Core, ScriptedServer } from './http/scripted-server.ts';
import { playBeforeAnswer, retryAfterHeader, startScripted } from './http/scripted-server.ts';
import { parseObject } from './http/json.ts';

/*
 * ntfy's publish API: https://docs.ntfy.sh/publish/#publish-as-json
 * Codes and texts of errors are those of its server/errors.go.
 */

/** How to start a receiver. */
export interface NtfyOptions {
  readonly port?: number | undefined;
  /** Publishing needs this access token: `Authorization: Bearer …`. */
  readonly token?: string | undefined;
}

/** A message as ntfy stored it and said so. */
export interface NtfyMessage {
  readonly id: string;
  /** Epoch seconds. */
  readonly time: number;
  readonly expires: number;
  readonly event: 'message';
  readonly topic: string;
  readonly message: string;
  readonly title?: string;
  readonly priority?: number;
  readonly tags?: readonly string[];
  readonly click?: string;
}

/** A running receiver. */
export interface NtfyServer extends ScriptedServer<ReceiverFault> {
  /** Stored messages, oldest first. */
  messages(): readonly NtfyMessage[];
  /** Resolves once at least `count` messages are stored. */
  waitForMessages(count: number): Promise<void>;
}

/** Longer messages would become attachments, which a server does not take by default. Bytes. */
const MESSAGE_LIMIT_BYTES = 4096;

/** A JSON publish may be twice the message limit. */
const MAX_BODY_BYTES = 2 * MESSAGE_LIMIT_BYTES;

/** Messages are kept this long by default. */
const KEEP_SECONDS = 12 * 60 * 60;

const TOPIC = /^[-_A-Za-z0-9]{1,64}$/u;
const RESERVED_TOPICS = new Set(['docs', 'static', 'file', 'app', 'account', 'settings', 'login']);

const errors = {
  40007: 'invalid priority parameter',
  40009: 'invalid request: topic invalid',
  40010: 'invalid request: topic name is disallowed',
  40014: 'invalid request: attachments not allowed',
  40017: 'invalid request: request body must be message JSON',
  40101: 'unauthorized',
  40301: 'forbidden',
  40401: 'page not found',
  41303: 'JSON body too large',
  42901: 'limit reached: too many requests, please be nice',
  42908: 'limit reached: too many messages',
  50001: 'internal server error',
} as const;

/** Starts a receiver: `POST /` (JSON publish), `GET /v1/health`, `GET /__messages`. */
export async function startNtfy(options: NtfyOptions = {}): Promise<NtfyServer> {
  const messages: NtfyMessage[] = [];
  const server = await startScripted<ReceiverFault>({
    kind: 'receiver',
    port: options.port,
    maxBodyBytes: MAX_BODY_BYTES,
    tooLarge: failure(41303),
    pages: { messages: () => messages },
    handle: (exchange, core) => route(exchange, core, options.token, messages),
  });
  return {
    ...server,
    messages: () => [...messages],
    waitForMessages: (count) =>
      server.waitUntil(`${count} messages`, () => messages.length >= count),
  };
}

async function route(
  exchange: Exchange,
  core: Core,
  token: string | undefined,
  messages: NtfyMessage[],
): Promise<void> {
  const { method, path } = exchange;
  if (method === 'GET' && path === '/v1/health') {
    return sendJson(exchange, { status: 200, body: { healthy: true } });
  }
  if (path !== '/' || (method !== 'POST' && method !== 'PUT')) {
    return sendJson(exchange, failure(40401));
  }
  const checked = checkAccess(exchange, token) ?? toMessage(parseObject(exchange.body));
  if ('status' in checked) return sendJson(exchange, checked);
  return accept(exchange, core, checked, messages);
}

/** Draws a fault for a valid publish, stores the message unless the fault prevents it, answers. */
async function accept(
  exchange: Exchange,
  core: Core,
  message: NtfyMessage,
  messages: NtfyMessage[],
): Promise<void> {
  const effects = core.faults.next();
  const store = (): void => {
    if (messages.includes(message)) return;
    messages.push(message);
    core.watch.changed();
  };
  if (effects.accepted === true) store();
  if (!(await playBeforeAnswer(effects, exchange, core.gate))) return;
  if (effects.status !== undefined) return sendJson(exchange, scripted(effects.status, effects));
  store();
  return sendJson(exchange, { status: 200, body: message });
}

function checkAccess(exchange: Exchange, token: string | undefined): JsonAnswer | undefined {
  const { authorization } = exchange.headers;
  if (token === undefined || authorization === `Bearer ${token}`) return undefined;
  // Nobody in particular may not publish here; somebody with a wrong token is not let in at all.
  return failure(authorization === undefined ? 40301 : 40101);
}

function toMessage(body: Record<string, unknown> | undefined): NtfyMessage | JsonAnswer {
  if (body === undefined) return failure(40017);
  const { topic, message = '', title = '', priority = 0, tags = [], click = '' } = body;
  const texts = [topic, message, title, click].every((value) => typeof value === 'string');
  const labels = Array.isArray(tags) && tags.every((tag) => typeof tag === 'string');
  if (!texts || !labels || !Number.isInteger(priority)) return failure(40017);
  if (!TOPIC.test(String(topic))) return failure(40009);
  if (RESERVED_TOPICS.has(String(topic))) return failure(40010);
  if (Number(priority) < 0 || Number(priority) > 5) return failure(40007);
  if (Buffer.byteLength(String(message)) > MESSAGE_LIMIT_BYTES) return failure(40014);
  const time = Math.floor(Date.now() / 1000);
  return {
    id: randomBytes(9).toString('base64url').replaceAll(/[-_]/gu, '0'),
    time,
    expires: time + KEEP_SECONDS,
    event: 'message',
    topic: String(topic),
    message: message === '' ? 'triggered' : String(message),
    ...(title === '' ? {} : { title: String(title) }),
    ...(priority === 0 ? {} : { priority: Number(priority) }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(click === '' ? {} : { click: String(click) }),
  };
}

function failure(code: keyof typeof errors): JsonAnswer {
  const http = Math.floor(code / 100);
  return { status: http, body: { code, http, error: errors[code] } };
}

/** A scripted failure; without a code it is the usual one of its status. */
function scripted(status: number, effects: Effects): JsonAnswer {
  const usual = status === 429 ? 42901 : status >= 500 ? 50001 : status * 100 + 1;
  const code = effects.code === undefined ? usual : Number(effects.code);
  const error = (errors as Readonly<Record<number, string>>)[code] ?? `failed with ${status}`;
  return { status, headers: retryAfterHeader(effects), body: { code, http: status, error } };
}
