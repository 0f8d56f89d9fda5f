import { sanitiseLine } from '@nightshift/domain';
import type { PostAnswer } from '../post.ts';

/** The answer's body as an object; empty when it is anything else. */
export function answerJson(answer: PostAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(answer.body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * `Retry-After` in ms: seconds, or an HTTP date (RFC 9110, section 10.2.3). At most a day, at least
 * a second; null when there is none that can be read.
 */
export function retryAfterMs(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? clampWait(ms) : null;
}

/** A wait that a receiver asked for, kept between a second and a day. */
export function clampWait(ms: number): number {
  return Math.min(24 * 3_600_000, Math.max(1_000, Math.ceil(ms)));
}

/** What a receiver said, as one short line without any of the channel's secrets. */
export function said(text: unknown, secrets: readonly string[]): string {
  let line = typeof text === 'string' ? text : '';
  for (const secret of secrets) {
    if (secret.length > 0) line = line.replaceAll(secret, '[secret]');
  }
  return sanitiseLine(line);
}

/** The first characters that fit into `max` of `measure`, with an ellipsis where some do not. */
export function fit(text: string, max: number, measure: (text: string) => number): string {
  if (measure(text) <= max) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(`${cut(text, middle)}…`) <= max) low = middle;
    else high = middle - 1;
  }
  return `${cut(text, low)}…`;
}

/** Never half of a surrogate pair. */
function cut(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
