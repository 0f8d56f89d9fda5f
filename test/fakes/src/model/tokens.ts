/**
 * The server's own tokenizer. It is simple, deterministic, and keeps the one property of the real
 * ones that a bound relies on: text never has more tokens than UTF-8 bytes. Images are the
 * exception, here as there: their price has nothing to do with the length of their URL.
 */

/** Bytes of text that make a token of input. */
const BYTES_PER_TOKEN = 3;

/** Tokens that a message costs beyond its text. */
const TOKENS_PER_MESSAGE = 4;

/** Tokens that prime the reply, once a request. */
const TOKENS_PER_REQUEST = 3;

/** What a 1024 x 1024 image costs in OpenAI's tiled counting: 85 + 4 tiles x 170. */
export const IMAGE_TOKENS = 765;

/** Tokens of input text: at most its UTF-8 bytes. */
export function countText(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/**
 * Tokens of a conversation: text of each message, a few a message, images by the piece.
 * `extras` (tool definitions, schemas) count as their JSON text.
 */
export function countInput(messages: readonly unknown[], extras: readonly unknown[]): number {
  const perMessage = messages.map((message) => TOKENS_PER_MESSAGE + countValue(message));
  const perExtra = extras
    .filter((extra) => extra !== undefined)
    .map((extra) => countText(JSON.stringify(extra)));
  return [...perMessage, ...perExtra].reduce((sum, tokens) => sum + tokens, TOKENS_PER_REQUEST);
}

/** Keys whose values are no text for the model. */
const UNCOUNTED: ReadonlySet<string> = new Set(['role', 'type', 'cache_control']);

/** All text inside a message, whatever its shape; role names, marks and keys are not counted. */
export function countValue(value: unknown, key = ''): number {
  if (UNCOUNTED.has(key)) return 0;
  if (key === 'image_url') return IMAGE_TOKENS;
  if (typeof value === 'string') return countText(value);
  if (Array.isArray(value)) {
    return value.reduce<number>(
      (sum, item) => sum + (key === 'images' ? IMAGE_TOKENS : countValue(item)),
      0,
    );
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, [name, item]) => sum + countValue(item, name), 0);
}

/** Cuts a reply into tokens of output: a word with the space after it. Joined they are the text. */
export function tokenise(text: string): string[] {
  return text.match(/\S+\s*|\s+/gu) ?? [];
}

/** A reply of exactly `count` tokens. */
export function filler(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `word${index + 1}${index + 1 < count ? ' ' : ''}`,
  );
}

/** Characters of JSON that make a token of output. */
const JSON_PER_TOKEN = 4;

/** A value as JSON, cut into tokens of output; at least one. */
export function cutJson(value: unknown): string[] {
  return JSON.stringify(value).match(new RegExp(`[^]{1,${JSON_PER_TOKEN}}`, 'gu')) ?? [];
}
