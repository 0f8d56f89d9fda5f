import { checkMessage, nestErrors } from './discord/limits.ts';
import { pingsOf } from './discord/pings.ts';
import type { Effects, ReceiverFault } from './faults.ts';
import type { Exchange, JsonAnswer } from './http/http-server.ts';
import { finish, sendJson } from './http/http-server.ts';
import type { Core, ScriptedServer } from './http/scripted-server.ts';
import { playBeforeAnswer, retryAfterHeader, startScripted } from './http/scripted-server.ts';
import { parseObject } from './http/json.ts';

/*
 * Discord's webhooks: https://discord.com/developers/docs/resources/webhook#execute-webhook
 */

/** The two halves of a webhook's secret address. */
export interface Webhook {
  readonly id: string;
  readonly token: string;
}

/** How to start a receiver. */
export interface DiscordOptions {
  readonly port?: number | undefined;
  /** The webhook that exists. */
  readonly webhook?: Webhook | undefined;
}

/** A message as it was posted. */
export interface DiscordMessage {
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  readonly content: string;
  readonly embeds: readonly unknown[];
  /** `allowed_mentions` was exactly "parse nothing, name nobody". */
  readonly mentionsSilenced: boolean;
  /** The kinds of people it would have notified: `everyone`, `roles`, `users`. */
  readonly pings: readonly string[];
  readonly requestBody: Readonly<Record<string, unknown>>;
}

/** A running receiver. */
export interface DiscordServer extends ScriptedServer<ReceiverFault> {
  /** The address of the webhook that exists. */
  readonly webhookUrl: string;
  /** Posted messages, oldest first. */
  messages(): readonly DiscordMessage[];
  /** Resolves once at least `count` messages were posted. */
  waitForMessages(count: number): Promise<void>;
}

const DEFAULT_WEBHOOK: Webhook = { id: '100000000000000001', token: 'token-of-a-fake-webhook' };
const MAX_BODY_BYTES = 1024 * 1024;
const ROUTE = /^\/api(?:\/v\d+)?\/webhooks\/([^/]+)\/([^/]+)$/u;

/** Snowflakes count milliseconds from here in their upper bits. */
const DISCORD_EPOCH_MS = 1_420_070_400_000n;

/** Seconds told to a caller that was rate limited without a scripted number. */
const DEFAULT_RETRY_AFTER = 1.5;

const codes: Readonly<Record<number, string>> = {
  0: 'You are being blocked from accessing our API temporarily.',
  10015: 'Unknown Webhook',
  40005: 'Request entity too large',
  50006: 'Cannot send an empty message',
  50027: 'Invalid Webhook Token',
  50035: 'Invalid Form Body',
  50109: 'The request body contains invalid JSON.',
};

/** Starts a receiver: `POST /api/webhooks/:id/:token`, `GET` of the same, `GET /__messages`. */
export async function startDiscord(options: DiscordOptions = {}): Promise<DiscordServer> {
  const { webhook = DEFAULT_WEBHOOK } = options;
  const messages: DiscordMessage[] = [];
  const server = await startScripted<ReceiverFault>({
    kind: 'receiver',
    port: options.port,
    maxBodyBytes: MAX_BODY_BYTES,
    tooLarge: failure(413, 40005),
    pages: { messages: () => messages },
    handle: (exchange, core) => route(exchange, core, webhook, messages),
  });
  return {
    ...server,
    webhookUrl: `${server.url}/api/webhooks/${webhook.id}/${webhook.token}`,
    messages: () => [...messages],
    waitForMessages: (count) =>
      server.waitUntil(`${count} messages`, () => messages.length >= count),
  };
}

async function route(
  exchange: Exchange,
  core: Core,
  webhook: Webhook,
  messages: DiscordMessage[],
): Promise<void> {
  const [, id, token] = ROUTE.exec(exchange.path) ?? [];
  if (id === undefined) {
    return sendJson(exchange, { status: 404, body: { message: '404: Not Found', code: 0 } });
  }
  if (id !== webhook.id) return sendJson(exchange, failure(404, 10015));
  if (token !== webhook.token) return sendJson(exchange, failure(401, 50027));
  if (exchange.method === 'GET') {
    const body = { ...webhook, type: 1, name: 'fakes', channel_id: '1', guild_id: '1' };
    return sendJson(exchange, { status: 200, body });
  }
  if (exchange.method !== 'POST') {
    return sendJson(exchange, {
      status: 405,
      body: { message: '405: Method Not Allowed', code: 0 },
    });
  }
  const checked = toMessage(exchange, messages.length);
  if ('status' in checked) return sendJson(exchange, checked);
  return accept(exchange, core, checked, messages);
}

/** Draws a fault for a valid post, stores the message unless the fault prevents it, answers. */
async function accept(
  exchange: Exchange,
  core: Core,
  message: DiscordMessage,
  messages: DiscordMessage[],
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
  if (exchange.query.get('wait') !== 'true') return noContent(exchange);
  return sendJson(exchange, { status: 200, body: receipt(message) });
}

async function noContent(exchange: Exchange): Promise<void> {
  exchange.res.writeHead(204);
  await finish(exchange);
}

function toMessage(exchange: Exchange, serial: number): DiscordMessage | JsonAnswer {
  const json = exchange.headers['content-type']?.includes('application/json') === true;
  const body = json ? parseObject(exchange.body) : undefined;
  if (body === undefined) return failure(400, 50109);
  const errors = checkMessage(body);
  if (errors.length > 0) return failure(400, 50035, { errors: nestErrors(errors) });
  const content = typeof body['content'] === 'string' ? body['content'] : '';
  const embeds = (body['embeds'] ?? []) as unknown[];
  if (content.trim() === '' && embeds.length === 0) return failure(400, 50006);
  const at = Date.now();
  const allowed = body['allowed_mentions'];
  return {
    id: String(((BigInt(at) - DISCORD_EPOCH_MS) << 22n) + BigInt(serial)),
    at,
    content,
    embeds,
    mentionsSilenced: JSON.stringify(allowed) === '{"parse":[]}',
    pings: pingsOf(content, allowed),
    requestBody: body,
  };
}

/** The message object that `?wait=true` gets. */
function receipt(message: DiscordMessage): unknown {
  return {
    id: message.id,
    type: 0,
    content: message.content,
    channel_id: '1',
    webhook_id: '1',
    author: { id: '1', username: 'fakes', bot: true },
    embeds: message.embeds,
    attachments: [],
    mentions: [],
    mention_roles: [],
    mention_everyone: message.pings.includes('everyone'),
    pinned: false,
    tts: false,
    timestamp: new Date(message.at).toISOString(),
    edited_timestamp: null,
  };
}

function failure(status: number, code: number, more: object = {}): JsonAnswer {
  return { status, body: { message: codes[code] ?? `failed with ${status}`, code, ...more } };
}

/** A scripted failure; a rate limit says its seconds in the body, and rounded up in the header. */
function scripted(status: number, effects: Effects): JsonAnswer {
  if (status !== 429) {
    const code = effects.code ?? (status === 404 ? 10015 : 0);
    return { ...failure(status, Number(code)), headers: retryAfterHeader(effects) };
  }
  const { retryAfter = DEFAULT_RETRY_AFTER } = effects;
  return {
    status,
    headers: { ...retryAfterHeader({ retryAfter }), 'x-ratelimit-scope': 'user' },
    body: {
      message: 'You are being rate limited.',
      retry_after: Number(retryAfter),
      global: false,
    },
  };
}
