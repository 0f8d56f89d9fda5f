import { NightshiftError } from '@nightshift/domain';

// C0 but tab and line feed, DEL, C1; what turns text around or is not seen.
const UNSAFE = new RegExp(
  '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u200b-\\u200f' +
    '\\u202a-\\u202e\\u2028\\u2029\\u2060-\\u2069\\ufeff]',
);

/** Throws where a terminal would obey the text, or hide a part of it. */
export function requireHarmless(text: string, what: string): void {
  const found = UNSAFE.exec(text);
  if (found === null && text.isWellFormed()) return;
  throw new Error(`${what} holds ${JSON.stringify(found?.[0] ?? 'a lone surrogate')}`);
}

/** What was thrown, if it is an error of ours with a code. @throws it, where it is anything else. */
export function ours(thrown: unknown): NightshiftError {
  if (thrown instanceof NightshiftError && /^[a-z][a-z0-9-]*$/.test(thrown.code)) return thrown;
  throw thrown;
}
