import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CATALOGUE } from './catalogue.ts';
import { BEGIN, END, idsIn, README, withPage } from './readme.ts';
import { toRow } from './row.ts';
import { renderTable } from './table.ts';

const row = toRow({ id: 'a.b_c', unit: 'ms', ours: 1, note: 'a note' });
const page = renderTable([row], [{ id: 'd.e', why: 'no server' }]);

test('a page goes between its marks, again and again, and nothing else changes', () => {
  const text = `# Title\n\n${BEGIN}\nold\n${END}\n\nafter\n`;
  const once = withPage(text, page);
  expect(once).toBe(`# Title\n\n${BEGIN}\n\n${page}\n\n${END}\n\nafter\n`);
  expect(withPage(once, page)).toBe(once);
  expect([...idsIn(once)]).toEqual(['a.b_c', 'd.e']);
});

test('a text without the marks, or with two of them, is left alone', () => {
  for (const text of ['', BEGIN, `${END}${BEGIN}`, `${BEGIN}${END}${BEGIN}${END}`]) {
    expect(() => withPage(text, page)).toThrow('once each');
  }
});

test('every number that the README claims is a row of its table', () => {
  const text = readFileSync(README, 'utf8');
  const table = idsIn(text);
  const known = new Set(CATALOGUE.flatMap((group) => group.ids));
  const claimed = [...text.matchAll(/`([a-z]+\.[a-z_0-9]+)`/g)]
    .map((it) => it[1]!)
    .filter((id) => known.has(id));
  // A table that was written has all that is measured; before the first one there is no claim.
  const wanted = table.size === 0 ? claimed : [...known, ...claimed];
  expect(wanted.filter((id) => !table.has(id))).toEqual([]);
  expect(text).toContain(BEGIN);
});
