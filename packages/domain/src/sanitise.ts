/**
 * Text that came from a payload, a provider or a page, made safe for a terminal, a log line and a
 * message: control characters, escape sequences, bidirectional overrides and zero-width marks are
 * removed, and the length is bounded. Everything that leaves the process passes here once.
 */
export function sanitise(text: string, maxLength = 2_000): string {
  const clean = text
    .replace(ANSI_SEQUENCE, '')
    .replace(CONTROL, '')
    .replace(INVISIBLE, '')
    .toWellFormed();
  if (clean.length <= maxLength) return clean;
  return `${clean.slice(0, Math.max(0, maxLength - 1)).toWellFormed()}…`;
}

/**
 * Text a person is about to approve: nothing is removed. What a terminal would act on or not show
 * stands there as `\u202e`, so that what is read is what will be sent.
 */
export function reveal(text: string): string {
  const shown = (mark: string): string => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.toWellFormed().replace(CONTROL, shown).replace(INVISIBLE, shown);
}

/** One line: as {@link sanitise}, with line breaks and tabs as single spaces. */
export function sanitiseLine(text: string, maxLength = 200): string {
  return sanitise(text.replace(/[\s\u2028\u2029]+/g, ' ').trim(), maxLength);
}

// CSI, OSC and other escape sequences (ECMA-48), before the bare ESC is dropped with the controls.
const ANSI_SEQUENCE =
  // eslint-disable-next-line no-control-regex
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;
// C0 without tab and newline, DEL, C1.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// Zero width, bidirectional overrides and isolates, byte order mark, line and paragraph separators.
const INVISIBLE = /[\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff]/g;
