import { expect, test } from 'vitest';
import { atMost, atMostMore, atMostTimes, toRow } from './row.ts';
import { renderTable } from './table.ts';

const peer = { name: 'raw', value: 2 };
const rows = [
  toRow({
    id: 'a',
    unit: 'ms',
    ours: 3,
    peer,
    budget: atMostTimes(1.2),
    spread: [2, 4],
    note: 'n1',
  }),
  toRow({ id: 'longer', unit: 'MB', ours: 60, budget: atMost(70), note: 'n2' }),
  toRow({ id: 'c', unit: 'ms', ours: 2.5, peer, budget: atMostMore(1), note: 'n3' }),
  toRow({ id: 'd', unit: 'ms', ours: 9, note: 'n4' }),
];

test('the table is aligned Markdown, with notes and what was not measured below it', () => {
  const text = renderTable(rows, [{ id: 'e', why: 'there is no /proc' }]);
  expect(text.split('\n')).toEqual([
    '| id     | unit | ours | spread | peer    | ratio | budget        |        |',
    '|--------|------|------|--------|---------|-------|---------------|--------|',
    '| a      | ms   | 3    | 2 - 4  | 2 (raw) | 1.5   | ratio <= 1.2  | BROKEN |',
    '| longer | MB   | 60   |        |         |       | <= 70 MB      | ok     |',
    '| c      | ms   | 2.5  |        | 2 (raw) | 1.25  | added <= 1 ms | ok     |',
    '| d      | ms   | 9    |        |         |       |               |        |',
    '',
    '- a: n1',
    '- longer: n2',
    '- c: n3',
    '- d: n4',
    '- e: not measured: there is no /proc',
  ]);
});
