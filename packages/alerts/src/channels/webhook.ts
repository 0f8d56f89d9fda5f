import { createHash, createHmac } from 'node:crypto';
import { NightshiftError, sanitise, sanitiseLine, toError } from '@nightshift/domain';
import type { Clock, Message } from '@nightshift/domain';
import { failed, type Channel, type SendResult } from '../channel.ts';
import type { Post, PostAnswer } from '../post.ts';
import { answerJson, retryAfterMs, said } from './answer.ts';

/** A receiver of the operator's own. The URL and the secret are both secrets. */
export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  /** Text, or `whsec_` and Base64. Null sends unsigned. */
  readonly secret: string | null;
}

const BODY_MAX = 4_000;

/** Nothing that is sent again is accepted after these. */
const GONE: ReadonlySet<number> = new Set([401, 403, 404, 410]);
const REJECTED: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/**
 * A URL as a channel, after Standard Webhooks (https://www.standardwebhooks.com): `webhook-id` stays
 * the same when a message is repeated, `webhook-timestamp` is in seconds, and `webhook-signature` is
 * `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`.
 * @throws NightshiftError `channel-invalid` for what is no URL.
 */
export function webhookChannel(options: WebhookOptions, post: Post, clock: Clock): Channel {
  const url = URL.parse(options.url);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new NightshiftError('channel-invalid', 'the webhook is not an http(s) URL', {
      at: `alerts.channels.${options.name}`,
      fix: 'write the whole address, beginning with https://',
    });
  }
  const secrets = [options.url, url.href, url.pathname, options.secret ?? ''];
  return {
    name: options.name,
    kind: 'webhook',
    async send(message) {
      const body = JSON.stringify(document(message));
      const id = messageId(message);
      const headers = { 'content-type': 'application/json', ...signed(options, id, body, clock) };
      try {
        return judge(await post({ url, headers, body }), id, secrets, clock.now());
      } catch (error) {
        return failed('network', said(toError(error).message, secrets));
      }
    },
  };
}

/** Signature of a body, as a receiver computes it again. */
export function signature(secret: string, id: string, timestamp: string, body: string): string {
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

function document(message: Message): object {
  return {
    schema: 1,
    title: sanitiseLine(message.title),
    body: sanitise(message.body, BODY_MAX),
    severity: message.severity,
    resolved: message.resolved,
    ref: message.ref,
    runbook: message.runbook,
  };
}

/** The same for the same news of the same trouble, also when it is sent late. */
function messageId(message: Message): string {
  const what = createHash('sha256').update(`${message.title}\n${message.resolved}`).digest('hex');
  return `${message.ref}.${what.slice(0, 16)}`;
}

function signed(
  { secret }: WebhookOptions,
  id: string,
  body: string,
  clock: Clock,
): Record<string, string> {
  const timestamp = String(Math.floor(clock.now() / 1_000));
  const named = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (secret === null) return named;
  return { ...named, 'webhook-signature': signature(secret, id, timestamp, body) };
}

function judge(
  answer: PostAnswer,
  id: string,
  secrets: readonly string[],
  now: number,
): SendResult {
  const { status } = answer;
  if (status >= 200 && status < 300) {
    const own = answerJson(answer)['id'];
    return { ok: true, receipt: typeof own === 'string' && own.length > 0 ? own : id };
  }
  const text = `the webhook answered ${status}: ${said(answer.body.slice(0, 200), secrets)}`;
  if (GONE.has(status)) return failed('refused', text, { channelBroken: true });
  if (REJECTED.has(status)) return failed('rejected', text, { permanent: true });
  const asked = retryAfterMs(answer.headers['retry-after'], now);
  return failed(status === 429 ? 'rate-limited' : 'server-error', text, { retryAfterMs: asked });
}
