import { WriteStream } from 'node:tty';
import { expect, test } from 'vitest';
import { createPrinter } from './printer.ts';

const ESCAPE = '\u001b';

/** A terminal with these variables, as Node judges them, or with `isTTY: false` a pipe. */
function stream(env: Readonly<Record<string, string>>, isTTY = true) {
  let text = '';
  return {
    isTTY,
    columns: 60,
    write: (it: string) => void (text += it),
    hasColors: () => WriteStream.prototype.hasColors(16, env),
    text: () => text,
  };
}

test.each([
  ['a terminal with colours', { TERM: 'xterm-256color' }, true, true],
  ['NO_COLOR', { TERM: 'xterm-256color', NO_COLOR: '1' }, true, false],
  ['a dumb terminal', { TERM: 'dumb' }, true, false],
  ['a pipe', { TERM: 'xterm-256color' }, false, false],
])('%s: colours only where somebody sees them', (_name, env, isTTY, coloured) => {
  const [stdout, stderr] = [stream(env, isTTY), stream(env, isTTY)];
  const printer = createPrinter({ stdout, stderr }, false);
  printer.line(printer.paint('bad', 'one'));
  printer.note(printer.paintNote('warn', 'two'));
  printer.live('three');
  expect(stdout.text().includes(`${ESCAPE}[3`)).toBe(coloured);
  expect(stderr.text().includes(ESCAPE)).toBe(coloured);
  // What is overwritten is for a person alone, coloured or not.
  expect(stdout.text().includes('three')).toBe(isTTY);
  expect(printer.width).toBe(isTTY ? 60 : null);
});

test('a program gets one document on stdout, and no colours', () => {
  const [stdout, stderr] = [stream({ TERM: 'xterm' }), stream({ TERM: 'xterm' })];
  const printer = createPrinter({ stdout, stderr }, true);
  printer.line(printer.paint('bad', 'for a person'));
  printer.live('three');
  printer.document({ a: 1 });
  expect(JSON.parse(stdout.text())).toEqual({ schema: 1, a: 1 });
  expect(stderr.text()).toBe('for a person\n');
});
