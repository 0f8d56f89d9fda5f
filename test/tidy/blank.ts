/**
 * TypeScript with its comments, and with the contents of its strings, replaced by blanks; line
 * breaks stay, so that line numbers hold. Rules about code then do not stumble over a sentence that
 * merely mentions a banned call. A scanner of a hundred lines is enough for that: it knows quotes,
 * templates with nested code, both comments, and takes a slash for a regular expression where an
 * operand is expected.
 */
export interface Blanked {
  /** Neither comments nor string contents. */
  readonly code: string;
  /** Without comments only. */
  readonly withStrings: string;
}

export function blank(text: string): Blanked {
  const code = text.split('');
  const withStrings = text.split('');
  const hide = (from: number, to: number, comment: boolean): void => {
    for (let at = from; at < to; at++) {
      if (text[at] === '\n') continue;
      code[at] = ' ';
      if (comment) withStrings[at] = ' ';
    }
  };
  scan(text, hide);
  return { code: code.join(''), withStrings: withStrings.join('') };
}

type Hide = (from: number, to: number, comment: boolean) => void;

function scan(text: string, hide: Hide): void {
  /** Depth of braces at which each open template goes on. */
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const char = text[at];
    const start = at;
    if (text.startsWith('//', at)) {
      at = endOf(text, '\n', at);
      hide(start, at, true);
    } else if (text.startsWith('/*', at)) {
      at = endOf(text, '*/', at) + 2;
      hide(start, at, true);
    } else if (char === "'" || char === '"') {
      at = stringEnd(text, at + 1, char);
      hide(start + 1, at, false);
      at++;
    } else if (char === '`' || (char === '}' && templates.at(-1) === depth)) {
      if (char === '}') templates.pop();
      at = templateEnd(text, at + 1);
      hide(start + 1, at, false);
      if (text[at] === '$') {
        templates.push(depth);
        at++;
      }
      at++;
    } else if (char === '/' && operandExpected(text, at)) {
      at = regexEnd(text, at + 1);
      hide(start + 1, at, false);
      at++;
    } else {
      if (char === '{') depth++;
      if (char === '}') depth--;
      at++;
    }
  }
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found === -1 ? text.length : found;
}

function stringEnd(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text[at] !== quote && text[at] !== '\n')
    at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** Index of the closing backquote, or of the `$` of `${`. */
function templateEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '`' && !text.startsWith('${', at)) {
    at += text[at] === '\\' ? 2 : 1;
  }
  return at;
}

function regexEnd(text: string, from: number): number {
  let inClass = false;
  for (let at = from; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '[') inClass = true;
    else if (text[at] === ']') inClass = false;
    else if (text[at] === '/' && !inClass) return at;
  }
  return from;
}

function operandExpected(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 40), at).trimEnd();
  return /(^|[(,=:[!&|?{};+<>~*%^-]|=>|\b(return|typeof|case|of|in|void|await|yield))$/.test(
    before,
  );
}
