import type { Answer, AnswerError, AnswerReader } from './wire.ts';

/** A JSON object as it came from outside. */
export type JsonObject = { readonly [key: string]: unknown };

/** The value as an object, or null when it is anything else. */
export function asObject(value: unknown): JsonObject | null {
  const object = typeof value === 'object' && value !== null && !Array.isArray(value);
  return object ? (value as JsonObject) : null;
}

/** A whole, non-negative count, or null when it is anything else. */
export function asCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** A string that is not empty, or null. */
export function asText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** JSON text as an object, or null. */
export function parseObject(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The `error` member in the shapes that providers use: an object, or a sentence (Ollama). */
export function errorOf(body: JsonObject): AnswerError | null {
  const { error } = body;
  if (typeof error === 'string' && error !== '') return { code: null, message: error };
  const object = asObject(error);
  if (object === null) return null;
  const code = asText(object['code']) ?? asText(object['type']);
  return { code, message: asText(object['message']) ?? code ?? 'an error without a message' };
}

/** An answer that is one JSON document. `read` says what it means. */
export function wholeReader(read: (body: JsonObject) => Answer): AnswerReader {
  const decoder = new TextDecoder();
  let text = '';
  return {
    ended: false,
    push: (chunk) => {
      text += decoder.decode(chunk, { stream: true });
    },
    answer: () => {
      const body = parseObject(text + decoder.decode());
      return body === null ? UNREADABLE : read(body);
    },
  };
}

/** What is said of an answer that is not what the wire defines: nothing is known about it. */
export const UNREADABLE: Answer = {
  complete: false,
  usage: null,
  model: null,
  error: { code: 'unreadable-answer', message: 'the answer is not what the wire defines' },
  unpriced: null,
};

/** A line longer than this is not a stream of this kind; what came is then unknown. */
const MAX_LINE = 8 * 1024 * 1024;

/** Cuts bytes into lines; LF and CRLF (for server-sent events and NDJSON alike). */
export class LineCutter {
  readonly #decoder = new TextDecoder();
  readonly #take: (line: string) => void;
  #rest = '';
  #broken = false;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(chunk: Uint8Array): void {
    if (this.#broken) return;
    const text = this.#decoder.decode(chunk, { stream: true });
    // Looked for in what is new alone: a long line in small pieces would be walked once a piece.
    const end = text.lastIndexOf('\n');
    if (end === -1) {
      this.#rest += text;
    } else {
      const lines = (this.#rest + text.slice(0, end)).split('\n');
      this.#rest = text.slice(end + 1);
      for (const line of lines) this.#take(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    this.#broken = this.#rest.length > MAX_LINE;
  }

  /** Takes what stands after the last line break. */
  end(): void {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    if (rest !== '' && !this.#broken) this.#take(rest);
  }
}

/** The data of a server-sent event line, or null for any other line (HTML standard, 9.2.6). */
export function eventData(line: string): string | null {
  if (!line.startsWith('data:')) return null;
  return line.slice(line[5] === ' ' ? 6 : 5);
}
