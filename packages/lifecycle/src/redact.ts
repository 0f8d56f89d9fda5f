import { sanitise } from '@nightshift/domain';

/** Removes what must not be read from text and from the fields of a log line. */
export interface Redactor {
  /** Sanitised, without secrets, at most `maxLength` characters. */
  readonly text: (text: string, maxLength?: number) => string;
  /**
   * Plain, bounded data: secrets out of every string, whatever is below a secret's key replaced.
   */
  readonly value: (value: unknown) => unknown;
}

export const REDACTED = '[redacted]';

/** Shorter values are not looked for: they would match inside ordinary words. */
const MIN_SECRET_LENGTH = 4;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;

/**
 * Keys, in lower case, whose values are secret whatever they are. Not the flag `i`: it alone loads
 * 5 MB of case tables into a process.
 */
const SECRET_KEYS: readonly RegExp[] = [
  /(?:^|[-_])(?:authorization|cookie|password|passwd|secret|credentials?)$/,
  /api[-_]?key/,
  /(?:access|auth|bearer|refresh|session|lease)[-_]?token$/,
  /^(?:token|webhook(?:[-_]?url)?)$/,
];

/** A redactor of the values that `secrets()` gives at the time of each line. */
export function redactor(secrets: () => readonly string[]): Redactor {
  const text = (input: string, maxLength = 2_000): string => {
    // Cleaned first, so that a zero-width mark inside a secret does not hide it; cut last, so that
    // no half of a secret survives.
    let clean = sanitise(input, Number.POSITIVE_INFINITY);
    for (const form of secrets().flatMap(forms)) clean = clean.replaceAll(form, REDACTED);
    return sanitise(clean, maxLength);
  };
  return { text, value: (value) => walk(value, text, 0) };
}

/**
 * A secret as it may turn up: as it is, in a URL, in JSON inside a string, in Basic credentials.
 */
function forms(secret: string): string[] {
  const clean = sanitise(secret, Number.POSITIVE_INFINITY);
  if (clean.length < MIN_SECRET_LENGTH) return [];
  const base64 = Buffer.from(secret).toString('base64');
  return [
    ...new Set([clean, encodeURIComponent(clean), JSON.stringify(clean).slice(1, -1), base64]),
  ];
}

function walk(value: unknown, text: Redactor['text'], depth: number): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return walkError(value, text, depth);
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ENTRIES).map((item) => walk(item, text, depth + 1));
  }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return walkObject(value, text, depth);
}

function walkObject(value: object, text: Redactor['text'], depth: number): object {
  const entries = Object.entries(value).slice(0, MAX_ENTRIES);
  return Object.fromEntries(
    entries.map(([key, item]) => [
      text(key, 100),
      isSecretKey(key) && item !== null && item !== undefined
        ? REDACTED
        : walk(item, text, depth + 1),
    ]),
  );
}

function isSecretKey(key: string): boolean {
  const name = key.toLowerCase();
  return SECRET_KEYS.some((pattern) => pattern.test(name));
}

function walkError(error: Error, text: Redactor['text'], depth: number): object {
  const code = (error as { code?: unknown }).code;
  return {
    name: text(error.name, 100),
    ...(typeof code === 'string' ? { code: text(code, 100) } : {}),
    message: text(error.message),
    ...(error.cause === undefined ? {} : { cause: walk(error.cause, text, depth + 1) }),
  };
}
