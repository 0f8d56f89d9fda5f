import { plainText, sanitise } from '@nightshift/domain';
import type { Paint } from './style.ts';
import { wrap } from './width.ts';

/** Longest report that is printed, characters. */
export const REPORT_MAX = 1_000_000;
/** Lines longer than this are hard to read, however wide the terminal is. */
const READABLE_WIDTH = 100;

/**
 * A report's Markdown as lines for a terminal: headings in bold, lists with their bullets, folded
 * paragraphs. The sanitiser comes first, so that no colour but ours is in it.
 */
export function markdownLines(
  markdown: string,
  paint: Paint,
  width: number | null,
): readonly string[] {
  const columns = width === null ? null : Math.min(width, READABLE_WIDTH);
  return sanitise(markdown, REPORT_MAX)
    .split('\n')
    .flatMap((line) => renderLine(line, paint, columns));
}

function renderLine(line: string, paint: Paint, width: number | null): readonly string[] {
  if (line.trim() === '') return [''];
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading !== null) {
    const text = plainText(heading[2] ?? '');
    return [paint(heading[1] === '#' ? 'strong' : 'accent', text)];
  }
  const item = /^(\s*)(?:[-*+]|(\d+[.)]))\s+(.*)$/.exec(line);
  if (item === null) return fold(plainText(line), '', '', width);
  const [, indent = '', number, text = ''] = item;
  const bullet = number ?? '•';
  const first = `${indent}  ${paint('dim', bullet)} `;
  return fold(plainText(text), first, `${indent}  ${' '.repeat(bullet.length)} `, width);
}

function fold(text: string, first: string, rest: string, width: number | null): readonly string[] {
  const lines = width === null ? [text] : wrap(text, Math.max(20, width - rest.length));
  return lines.map((line, i) => `${i === 0 ? first : rest}${line}`);
}
