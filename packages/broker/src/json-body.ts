import { denied } from './refusals.ts';

/** Deeper nesting than any client sends; keeps recursion in schemas and in `JSON.stringify` small. */
const MAX_DEPTH = 64;

/**
 * Parses the body of a request so that there is exactly one way to read it: what the gates see is
 * what the provider will see. Two parsers may disagree on a repeated key, on `__proto__`, on broken
 * UTF-8, so those are refused here (RFC 8259, section 4 leaves repeated names undefined).
 *
 * @throws RefusedError `request-denied` with the path of the trouble.
 */
export function parseBody(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.byteLength > maxBytes) {
    throw denied('body', `${bytes.byteLength} bytes is more than the limit of ${maxBytes}`);
  }
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw denied('body', 'is not JSON');
  }
  checkKeys(text);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw denied('body', 'is not valid UTF-8');
  }
}

/** An object or array that is open while scanning. */
interface Frame {
  /** Keys seen, for an object; null for an array. */
  readonly keys: Set<string> | null;
  /** The key or index being read. */
  at: string | number;
  /** The next string is a key. */
  expectsKey: boolean;
}

/** Walks text that is known to be valid JSON and looks at the keys alone. */
function checkKeys(text: string): void {
  const stack: Frame[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    const top = stack.at(-1);
    if (char === '"') {
      const end = endOfString(text, i);
      if (top?.expectsKey === true) takeKey(stack, top, JSON.parse(text.slice(i, end + 1)));
      i = end;
    } else if (char === '{' || char === '[') {
      if (stack.length >= MAX_DEPTH) throw denied(pathOf(stack), `nested deeper than ${MAX_DEPTH}`);
      const object = char === '{';
      stack.push({ keys: object ? new Set() : null, at: object ? '' : 0, expectsKey: object });
    } else if (char === '}' || char === ']') {
      stack.pop();
    } else if (char === ',' && top !== undefined) {
      if (typeof top.at === 'number') top.at += 1;
      else top.expectsKey = true;
    }
  }
}

function takeKey(stack: readonly Frame[], top: Frame, key: string): void {
  top.at = key;
  top.expectsKey = false;
  if (key === '__proto__') throw denied(pathOf(stack), 'this key is not allowed');
  if (top.keys?.has(key) === true) throw denied(pathOf(stack), 'the key is there twice');
  top.keys?.add(key);
}

/** Index of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

function pathOf(stack: readonly Frame[]): string {
  return jsonPath(stack.map((frame) => frame.at));
}

/** `messages[0].content` for `['messages', 0, 'content']`; `body` for the root. */
export function jsonPath(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  return text === '' ? 'body' : text.replace(/^\./, '');
}
