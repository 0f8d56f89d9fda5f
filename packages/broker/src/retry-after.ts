/** Response headers as undici gives them. */
type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * How long an answer asks to be left alone, in ms: `retry-after-ms` (OpenAI, Azure), or
 * `Retry-After` as seconds or as a date (RFC 9110, 10.2.3). Null when it does not say.
 */
export function retryAfterMs(headers: Headers, now: number): number | null {
  const ms = number(headers['retry-after-ms']);
  if (ms !== null) return Math.ceil(ms);
  const seconds = number(headers['retry-after']);
  if (seconds !== null) return Math.ceil(seconds * 1_000);
  const date = Date.parse(String(headers['retry-after']));
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function number(value: string | string[] | undefined): number | null {
  if (typeof value !== 'string' || !/^\d{1,10}(?:\.\d+)?$/.test(value.trim())) return null;
  return Number(value);
}
