import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  DEFAULT_ALERTS,
  type AlertSettings,
  type ChannelSettings,
  type WeeklyTime,
} from '@nightshift/domain';
import { WrongValue, type Mistakes } from './mistakes.ts';
import { baseUrl, webUrl } from './places.ts';
import { rulesOf, rulesSchema } from './rules-schema.ts';
import { check, closed, entriesOf, leaf, unknownKey } from './schema.ts';
import { secret, secretOr, type ResolveSecret } from './secret.ts';
import { kindOf, pattern, string } from './values.ts';

const channelName = pattern(/^[A-Za-z][\w-]{0,30}$/, 'a name of letters, digits, - and _');
// What ntfy accepts as a topic.
const topic = pattern(/^[-_A-Za-z0-9]{1,64}$/, 'a topic of letters, digits, - and _');
const webhook = (value: unknown): string => webUrl(value, 'the URL of a webhook').href;
const checkUrl = (value: unknown): string => baseUrl(value);

const KEYS = ['channels', 'deadman', 'dailySummary', 'weeklySummary', 'rules'] as const;
type Raw = { readonly [K in (typeof KEYS)[number]]?: unknown };

/** Everything below `alerts`, with defaults; what is wrong goes on the list. */
export function readAlerts(
  value: unknown,
  found: Mistakes,
  resolve?: ResolveSecret,
): AlertSettings {
  if (value === undefined) return DEFAULT_ALERTS;
  for (const [key] of entriesOf(value, '{ channels: [...] }', ['alerts'], found)) {
    if (!(KEYS as readonly string[]).includes(key)) {
      found.add(['alerts', key], unknownKey(key, KEYS));
    }
  }
  const raw = Object(value) as Raw;
  const optional = <T>(key: keyof Raw, read: (item: unknown) => T): T | null =>
    raw[key] === undefined ? null : (check(leaf(read), raw[key], ['alerts', key], found) ?? null);
  return {
    channels: channels(raw.channels, found, resolve),
    deadman: optional('deadman', secretOr(checkUrl, resolve)),
    dailySummaryMinute: optional('dailySummary', minuteOfDay),
    weeklySummary: optional('weeklySummary', weeklyTime),
    rules: rulesOf(check(rulesSchema, raw.rules ?? {}, ['alerts', 'rules'], found) ?? {}),
  };
}

/** `'08:00'` in minutes since midnight. */
function minuteOfDay(value: unknown): number {
  const text = string(value, 'a time of day such as "08:00"');
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match === null) {
    throw new WrongValue(`${JSON.stringify(text)} is not a time of day such as "08:00"`);
  }
  return Number(match[1]) * 60 + Number(match[2]);
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** `'Mon 08:00'`. */
function weeklyTime(value: unknown): WeeklyTime {
  const text = string(value, 'a day and time such as "Mon 08:00"');
  const [day = '', time = '', ...more] = text.split(' ');
  const weekday = WEEKDAYS.indexOf(day) + 1;
  if (weekday === 0 || more.length > 0) {
    const days = WEEKDAYS.join(', ');
    throw new WrongValue(`${JSON.stringify(text)} is not ${days} and a time, as in "Mon 08:00"`);
  }
  return { weekday, minute: minuteOfDay(time) };
}

function channels(
  value: unknown,
  found: Mistakes,
  resolve?: ResolveSecret,
): readonly ChannelSettings[] {
  const path = ['alerts', 'channels'];
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    found.add(path, `should be a list, is ${kindOf(value)}`);
    return [];
  }
  const right: ChannelSettings[] = [];
  value.forEach((item: unknown, i) => {
    const channel = check(channelSchema(item, resolve), item, [...path, i], found);
    if (channel === undefined) return;
    const wrong = duplicate(channel, right);
    if (wrong === null) right.push(channel);
    else found.add([...path, i], wrong);
  });
  return right;
}

function channelSchema(value: unknown, resolve?: ResolveSecret): z.ZodType<ChannelSettings> {
  const { kind } = (value ?? {}) as { kind?: unknown };
  if (kind === 'ntfy') return ntfySchema(resolve);
  if (kind === 'discord') return discordSchema(resolve);
  if (kind === 'webhook') return webhookSchema(resolve);
  return leaf((): ChannelSettings => {
    const is = typeof value === 'object' ? 'something else' : kindOf(value);
    throw new WrongValue(`is ${is}: use ntfy(), discord() or webhook()`);
  });
}

function ntfySchema(resolve?: ResolveSecret): z.ZodType<ChannelSettings> {
  return closed({
    kind: z.literal('ntfy'),
    name: leaf(channelName).optional(),
    server: leaf(baseUrl).optional(),
    topic: leaf(secretOr(topic, resolve)),
    token: leaf(secret(resolve)).optional(),
  }).transform((it): ChannelSettings => ({
    kind: 'ntfy',
    name: it.name ?? 'ntfy',
    server: it.server ?? 'https://ntfy.sh',
    topic: it.topic,
    token: it.token ?? null,
  }));
}

function discordSchema(resolve?: ResolveSecret): z.ZodType<ChannelSettings> {
  return closed({
    kind: z.literal('discord'),
    name: leaf(channelName).optional(),
    webhook: leaf(secretOr(webhook, resolve)),
  }).transform((it): ChannelSettings => ({
    kind: 'discord',
    name: it.name ?? 'discord',
    webhook: it.webhook,
  }));
}

function webhookSchema(resolve?: ResolveSecret): z.ZodType<ChannelSettings> {
  return closed({
    kind: z.literal('webhook'),
    name: leaf(channelName).optional(),
    url: leaf(secretOr(webhook, resolve)),
    secret: leaf(secret(resolve)).optional(),
  }).transform((it): ChannelSettings => ({
    kind: 'webhook',
    name: it.name ?? 'webhook',
    url: it.url,
    secret: it.secret ?? null,
  }));
}

/** Deliveries are recorded under the channel's name, so it has to be one channel's alone. */
function duplicate(channel: ChannelSettings, others: readonly ChannelSettings[]): string | null {
  const unnamed = (it: ChannelSettings) => ({ ...it, name: '' });
  const same = others.find((it) => isDeepStrictEqual(unnamed(it), unnamed(channel)));
  if (same !== undefined) return `is the same channel as ${same.name}, which would be told twice`;
  if (!others.some((it) => it.name === channel.name)) return null;
  return `another channel is called ${channel.name} too: give this one a name`;
}
