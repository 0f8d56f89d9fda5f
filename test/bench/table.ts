import type { NotMeasured, Row } from './row.ts';
import { rounded } from './statistics.ts';

const HEAD = ['id', 'unit', 'ours', 'spread', 'peer', 'ratio', 'budget', ''] as const;

/** The rows as a Markdown table, aligned for a terminal, with notes and gaps below it. */
export function renderTable(rows: readonly Row[], notMeasured: readonly NotMeasured[]): string {
  const cells = rows.map(cellsOf);
  const widths = HEAD.map((head, at) =>
    Math.max(head.length, 3, ...cells.map((line) => line[at]?.length ?? 0)),
  );
  const line = (of: readonly string[]): string =>
    `| ${of.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const notes = rows.map(({ id, note }) => `- ${id}: ${note}`);
  const gaps = notMeasured.map(({ id, why }) => `- ${id}: not measured: ${why}`);
  return [line(HEAD), rule, ...cells.map(line), '', ...notes, ...gaps].join('\n');
}

function cellsOf(row: Row): string[] {
  return [
    row.id,
    row.unit,
    String(row.ours),
    row.spread === null ? '' : `${row.spread[0]} - ${row.spread[1]}`,
    row.peer === null ? '' : `${row.peer} (${row.peerName})`,
    row.ratio === null ? '' : String(row.ratio),
    budgetText(row),
    row.budget === null ? '' : row.ok ? 'ok' : 'BROKEN',
  ];
}

function budgetText({ budget, budgetOn, budgetLimit, unit }: Row): string {
  if (budget === null) return '';
  const sign = budgetLimit === 'min' ? '>=' : '<=';
  if (budgetOn === 'ratio') return `ratio ${sign} ${rounded(budget)}`;
  return `${budgetOn === 'added' ? 'added ' : ''}${sign} ${rounded(budget)} ${unit}`;
}
