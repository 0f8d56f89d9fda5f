import { denied } from './refusals.ts';
import type { Wire } from './wire.ts';

type Headers = readonly (readonly [string, string])[];

/**
 * Headers that stock clients send and that change nothing about a call. They are accepted and not
 * passed on: the broker builds every header itself.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'anthropic-dangerous-direct-browser-access',
  'api-key',
  'authorization',
  'cache-control',
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'pragma',
  'priority',
  'user-agent',
  'x-api-key',
]);
const HARMLESS_PREFIXES = ['sec-fetch-', 'x-stainless-'];

/**
 * Looks at the headers of a model call: JSON, not encoded, and nothing that could make the call
 * another one (beta features, other organisations, idempotency).
 *
 * @returns the headers that the wire sends with this call.
 * @throws RefusedError `request-denied` naming the header.
 */
export function checkHeaders(headers: Headers, wire: Wire): Readonly<Record<string, string>> {
  const chosen: Record<string, string> = { ...wire.headers };
  let json = false;
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    if (name === 'content-type') json = isJson(value);
    else if (name === 'content-encoding') {
      if (value.trim().toLowerCase() === 'identity') continue;
      throw denied('headers.content-encoding', 'an encoded body cannot be metered');
    } else if (Object.hasOwn(wire.allowHeaders, name)) {
      const known = wire.allowHeaders[name] ?? [];
      if (!known.includes(value)) throw denied(`headers.${name}`, `${value} is not allowed`);
      chosen[name] = value;
    } else if (!isHarmless(name)) throw denied(`headers.${name}`, 'is not an allowed header');
  }
  if (!json) throw denied('headers.content-type', 'must be application/json in UTF-8');
  return chosen;
}

function isJson(value: string): boolean {
  return /^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i.test(value.trim());
}

function isHarmless(name: string): boolean {
  return HARMLESS.has(name) || HARMLESS_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Response headers that a payload may see. */
const PASSED: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-type',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-request-id',
]);

/** The headers of an answer that are handed on, as pairs. */
export function passedHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): (readonly [string, string])[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || !PASSED.has(name)) return [];
    return [[name, Array.isArray(value) ? value.join(', ') : value] as const];
  });
}
