import { sanitiseLine } from '@nightshift/domain';
import type { Paint, Tone } from './style.ts';
import { cut, displayWidth } from './width.ts';

/** A cell: text, or text with a meaning. */
export type Cell = string | number | null | { readonly text: string; readonly tone: Tone };

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** Gives up width first when the terminal is narrow; at most one column should. */
  readonly flexible?: true;
}

export interface TableOptions {
  readonly paint: Paint;
  /** Columns of the terminal; null when nobody looks, then nothing is cut. */
  readonly width: number | null;
}

const GAP = '  ';
const FLEXIBLE_MIN = 10;
/** Long enough for anything a program wants to read back, short enough for a line. */
const CELL_MAX = 500;

/**
 * A table as lines. For a person: aligned, cut to the terminal's width, a dim head. Piped: the same
 * columns, uncut, without colour. Every cell passes the sanitiser here, so no caller can forget it.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): readonly string[] {
  const body = rows.map((row) => row.map(toCell));
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column.title), ...body.map((row) => displayWidth(row[i]?.text ?? ''))),
  );
  fit(columns, widths, options.width);
  const head = columns.map((column) => ({
    text: column.title.toUpperCase(),
    tone: 'dim' as const,
  }));
  return [head, ...body].map((row) => line(row, columns, widths, options.paint));
}

function toCell(cell: Cell): { text: string; tone: Tone } {
  if (cell === null) return { text: '-', tone: 'dim' };
  if (typeof cell === 'object') return { ...cell, text: sanitiseLine(cell.text, CELL_MAX) };
  return { text: sanitiseLine(String(cell), CELL_MAX), tone: 'plain' };
}

function fit(columns: readonly Column[], widths: number[], width: number | null): void {
  const flexible = columns.findIndex((column) => column.flexible === true);
  if (width === null || flexible === -1) return;
  const total = widths.reduce((sum, it) => sum + it, 0) + GAP.length * (columns.length - 1);
  const room = (widths[flexible] ?? 0) - (total - width);
  if (total > width) widths[flexible] = Math.max(FLEXIBLE_MIN, room);
}

function line(
  row: readonly { text: string; tone: Tone }[],
  columns: readonly Column[],
  widths: readonly number[],
  paint: Paint,
): string {
  const cells = row.map((cell, i) => {
    const width = widths[i] ?? 0;
    const text = cut(cell.text, width);
    const padding = ' '.repeat(Math.max(0, width - displayWidth(text)));
    const painted = paint(cell.tone, text);
    return columns[i]?.align === 'right' ? padding + painted : painted + padding;
  });
  return cells.join(GAP).trimEnd();
}
