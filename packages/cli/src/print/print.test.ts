import { NightshiftError } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { errorDocument, errorLines } from './error-report.ts';
import { jsonText } from './json-text.ts';
import { markdownLines } from './markdown.ts';
import { painter } from './style.ts';
import { tableLines } from './table.ts';
import { relative, span } from './time.ts';
import { cut, displayWidth, wrap } from './width.ts';

const plain = painter(false);

test('a table is cut to the terminal at its flexible column only', () => {
  const columns = [{ title: 'id' }, { title: 'what', flexible: true as const }];
  const rows = [['0192', 'a sentence that is far too long for this terminal']];
  const lines = tableLines(columns, rows, { paint: plain, width: 24 });
  expect(lines).toEqual(['ID    WHAT', '0192  a sentence that i…']);
  const piped = tableLines(columns, rows, { paint: plain, width: null });
  expect(piped[1]).toContain('for this terminal');
});

test('a cell that would move the cursor or colour the screen is text', () => {
  const rows = [['\u001b[31mred\u001b[0m\u202e\nnext']];
  const lines = tableLines([{ title: 'x' }], rows, { paint: plain, width: null });
  expect(lines).toEqual(['X', 'red next']);
});

test('wide characters take two columns', () => {
  expect(displayWidth('日本')).toBe(4);
  expect(cut('日本語', 5)).toBe('日本…');
  expect(cut('short', 5)).toBe('short');
});

test('words are folded, a longer word keeps its line', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('incomprehensibilities no', 7)).toEqual(['incomprehensibilities', 'no']);
});

test('an error for a person has a place and a next step, and a stack only when asked for', () => {
  const error = new NightshiftError('not-ours', 'it is not ours', { at: '/x', fix: 'move it' });
  expect(errorLines(error, plain, false)).toEqual([
    'nightshift: not-ours: it is not ours',
    '  at   /x',
    '  fix  move it',
  ]);
  expect(errorLines(error, plain, true).join('\n')).toContain('print.test.ts');
  expect(errorLines(new Error('oops'), plain, false).join('\n')).not.toContain('print.test.ts');
});

test('an error for a program has a code, a message, a place and a next step', () => {
  const error = new NightshiftError('c', 'm', { at: 'a' });
  expect(errorDocument(error)).toEqual({ error: { code: 'c', message: 'm', at: 'a', fix: null } });
});

test('JSON is safe on a terminal and loses nothing', () => {
  const value = { text: 'a\u001b[2J\u009b2J\u202eb' };
  const text = jsonText(value, false);
  // eslint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(JSON.parse(text)).toEqual(value);
});

test('Markdown becomes lines for a terminal, and nothing of its author colours it', () => {
  const lines = markdownLines('# T\n\n- **one** \u001b[31mtwo\n\ntext', plain, 40);
  expect(lines).toEqual(['T', '', '  • one two', '', 'text']);
});

test('spans are said as people say them', () => {
  expect([850, 2_500, 59_000, 90_000, 5 * 3_600_000, 72 * 3_600_000].map(span)).toEqual([
    '850 ms',
    '2.5 s',
    '59 s',
    '2 min',
    '5 h',
    '3 d',
  ]);
  expect(relative(5_000, 2_000)).toBe('in 3.0 s');
});
