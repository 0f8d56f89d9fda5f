import { NightshiftError, sanitise, sanitiseLine, toError } from '@nightshift/domain';
import type { Clock, Message } from '@nightshift/domain';
import { failed, type Channel, type SendResult } from '../channel.ts';
import type { Post, PostAnswer } from '../post.ts';
import { answerJson, clampWait, fit, retryAfterMs, said } from './answer.ts';

/** How to reach a topic of an ntfy server. Topic and token are secrets. */
export interface NtfyOptions {
  readonly name: string;
  readonly server: string;
  readonly topic: string;
  readonly token: string | null;
}

/**
 * ntfy (https://docs.ntfy.sh/publish/#publish-as-json). The server's limit is 4,096 bytes of
 * message, what is longer becomes an attachment that expires; here the whole JSON stays below that.
 */
const BODY_MAX_BYTES = 4_096;
const TITLE_MAX = 200;

/** After 42901 without a time: the server refills one request every five seconds. */
const BURST_WAIT_MS = 10_000;
const DAILY_QUOTA_CODE = 42908;

const PRIORITY = { page: 5, warn: 4, info: 3 } as const;
const TAG = { page: 'rotating_light', warn: 'warning', info: 'information_source' } as const;

/** A topic as a channel. @throws NightshiftError `channel-invalid` for a server that is no URL. */
export function ntfyChannel(options: NtfyOptions, post: Post, clock: Clock): Channel {
  const url = serverUrl(options);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (options.token !== null) headers['authorization'] = `Bearer ${options.token}`;
  const secrets = [options.topic, options.token ?? ''];
  return {
    name: options.name,
    kind: 'ntfy',
    async send(message) {
      const body = publishBody(message, options.topic);
      try {
        return judge(await post({ url, headers, body }), secrets, clock.now());
      } catch (error) {
        return failed('network', said(toError(error).message, secrets));
      }
    },
  };
}

function serverUrl(options: NtfyOptions): URL {
  const url = URL.parse(options.server);
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new NightshiftError('channel-invalid', 'the ntfy server is not an http(s) URL', {
    at: `alerts.channels.${options.name}`,
    fix: 'write it as "https://ntfy.sh" or the address of your own server',
  });
}

function publishBody(message: Message, topic: string): string {
  const form = (text: string): string =>
    JSON.stringify({
      topic,
      title: sanitiseLine(message.title, TITLE_MAX),
      message: `${text}${footer(message)}`,
      priority: message.resolved ? PRIORITY.info : PRIORITY[message.severity],
      tags: [message.resolved ? 'white_check_mark' : TAG[message.severity]],
    });
  const text = sanitise(message.body, BODY_MAX_BYTES);
  return form(fit(text, BODY_MAX_BYTES, (part) => Buffer.byteLength(form(part))));
}

function footer(message: Message): string {
  const runbook = message.runbook === null ? '' : `\nSee ${message.runbook}`;
  return `${runbook}\nRef ${sanitiseLine(message.ref)}`;
}

function judge(answer: PostAnswer, secrets: readonly string[], now: number): SendResult {
  const json = answerJson(answer);
  const { status } = answer;
  if (status === 200) {
    const { id } = json;
    // Anything can answer 200; only the id says that a message exists.
    if (typeof id === 'string' && id.length > 0) return { ok: true, receipt: id };
    return failed('no-receipt', 'the server answered 200 without a message id');
  }
  const text = `ntfy answered ${status}: ${said(json['error'], secrets)}`;
  if (status === 429) return limited(json['code'], answer, text, now);
  if (status === 401 || status === 403) return failed('refused', text, { channelBroken: true });
  if (status === 404) return failed('unknown-target', text, { channelBroken: true });
  if (status === 400 || status === 413) return failed('rejected', text, { permanent: true });
  return failed('server-error', text, {
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], now),
  });
}

/** Whoever ignores these is banned by address for hours. */
function limited(code: unknown, answer: PostAnswer, text: string, now: number): SendResult {
  if (code === DAILY_QUOTA_CODE) {
    const day = 24 * 3_600_000;
    // The quota is the visitor's for one UTC day.
    return failed('quota', text, { parkUntil: (Math.floor(now / day) + 1) * day });
  }
  const asked = retryAfterMs(answer.headers['retry-after'], now);
  return failed('rate-limited', text, { retryAfterMs: clampWait(asked ?? BURST_WAIT_MS) });
}
