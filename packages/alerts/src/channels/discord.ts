import { NightshiftError, sanitise, sanitiseLine, toError } from '@nightshift/domain';
import type { Clock, Message } from '@nightshift/domain';
import { failed, type Channel, type SendResult } from '../channel.ts';
import type { Post, PostAnswer } from '../post.ts';
import { answerJson, clampWait, fit, retryAfterMs, said } from './answer.ts';

/** How to reach a channel of Discord. The webhook's address is the secret. */
export interface DiscordOptions {
  readonly name: string;
  readonly webhook: string;
}

/** Limits of one embed: title 256, description 4,096 characters, 6,000 in all of them together
 * (https://discord.com/developers/docs/resources/message#embed-object-embed-limits). */
const TITLE_MAX = 256;
const DESCRIPTION_MAX = 4_096;

/** After a 429 that names no time. */
const LIMIT_WAIT_MS = 5_000;

const COLOUR = { page: 0xd7263d, warn: 0xf49d37, info: 0x3f88c5 } as const;
const COLOUR_RESOLVED = 0x2e933c;

/** A webhook as a channel. @throws NightshiftError `channel-invalid` for what is no URL. */
export function discordChannel(options: DiscordOptions, post: Post, clock: Clock): Channel {
  const url = webhookUrl(options);
  const headers = { 'content-type': 'application/json' };
  const secrets = [options.webhook, url.href, url.pathname, url.pathname.split('/').at(-1) ?? ''];
  return {
    name: options.name,
    kind: 'discord',
    async send(message) {
      try {
        const body = JSON.stringify(executeBody(message));
        return judge(await post({ url, headers, body }), secrets, clock.now());
      } catch (error) {
        return failed('network', said(toError(error).message, secrets));
      }
    },
  };
}

function webhookUrl(options: DiscordOptions): URL {
  const url = URL.parse(options.webhook);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new NightshiftError('channel-invalid', 'the Discord webhook is not an http(s) URL', {
      at: `alerts.channels.${options.name}`,
      fix: 'copy the webhook URL from the channel settings of Discord',
    });
  }
  // Without it a 204 comes back also for messages that are not kept: no receipt.
  url.searchParams.set('wait', 'true');
  return url;
}

function executeBody(message: Message): unknown {
  const length = (text: string): number => text.length;
  const runbook = message.runbook === null ? '' : `\nSee ${escapeMarkdown(message.runbook)}`;
  const body = escapeMarkdown(sanitise(message.body, DESCRIPTION_MAX));
  return {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: fit(escapeMarkdown(sanitiseLine(message.title)), TITLE_MAX, length),
        description: `${fit(body, DESCRIPTION_MAX - runbook.length, length)}${runbook}`,
        color: message.resolved ? COLOUR_RESOLVED : COLOUR[message.severity],
        footer: { text: `${message.resolved ? 'resolved' : message.severity} · ${message.ref}` },
      },
    ],
  };
}

/** Text of a job stays text: no masked links, mentions, headings or formatting. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\*_~`|>#[\]()<@-]/g, '\\$&');
}

function judge(answer: PostAnswer, secrets: readonly string[], now: number): SendResult {
  const json = answerJson(answer);
  const { status } = answer;
  if (status >= 200 && status < 300) {
    const { id } = json;
    if (typeof id === 'string' && id.length > 0) return { ok: true, receipt: id };
    return failed('no-receipt', `Discord answered ${status} without a message id`);
  }
  const text = `Discord answered ${status}: ${said(json['message'], secrets)}`;
  if (status === 429) return limited(json['retry_after'], answer, text, now);
  if (status === 404) return failed('unknown-target', text, { channelBroken: true });
  if (status === 401 || status === 403) return failed('refused', text, { channelBroken: true });
  if (status === 400 || status === 413) return failed('rejected', text, { permanent: true });
  return failed('server-error', text, {
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], now),
  });
}

/** `retry_after` is in seconds with decimals, and exact; the header is rounded up. */
function limited(after: unknown, answer: PostAnswer, text: string, now: number): SendResult {
  const exact = typeof after === 'number' && Number.isFinite(after) ? after * 1_000 : null;
  const asked = exact ?? retryAfterMs(answer.headers['retry-after'], now) ?? LIMIT_WAIT_MS;
  return failed('rate-limited', text, { retryAfterMs: clampWait(asked) });
}
