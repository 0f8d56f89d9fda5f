import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { removeOldReportFiles } from './report-files.ts';

const OLD = Date.parse('2026-01-05T06:30:20Z');
const BEFORE = Date.parse('2026-02-01T00:00:00Z');

/** A folder with the files of one agent; the database knows one report, made at {@link OLD}. */
function folder(...files: string[]) {
  const dir = tempDir('reports');
  mkdirSync(path.join(dir, 'digest'));
  for (const file of files) writeFileSync(path.join(dir, 'digest', file), 'x');
  const ids = async (agent: string, fromAt: number, toAt: number) =>
    agent === 'digest' && fromAt <= OLD && OLD < toAt ? ['0192-0000aaaabbbb'] : [];
  const remove = (limit = 10) => removeOldReportFiles({ dir, before: BEFORE, limit, ids });
  return { dir, remove, left: () => readdirSync(path.join(dir, 'digest')) };
}

test('files of old reports go, but not while the database has the report', async () => {
  const known = '2026-01-05T0630Z-aaaabbbb.md';
  const young = '2026-02-01T0000Z-00000002.txt';
  const { remove, left } = folder(
    known,
    young,
    '2026-01-05T0630Z-ccccdddd.md',
    '2026-01-05T0630Z-ccccdddd.txt.tmp',
    '2026-01-31T2359Z-00000001.md',
  );
  expect(await remove()).toBe(3);
  expect(left()).toEqual([known, young]);
});

test('what a person put there, and what a link leads to, stays', async () => {
  const { dir, remove, left } = folder('notes.md', '2026-01-05T0630Z.md');
  const own = tempDir('own');
  writeFileSync(path.join(own, '2026-01-05T0630Z-ccccdddd.md'), 'x');
  symlinkSync(own, path.join(dir, 'linked'));
  expect(await remove()).toBe(0);
  expect(left()).toHaveLength(2);
  expect(readdirSync(own)).toHaveLength(1);
});

test('not more than asked go at once, and a folder that is not there is empty', async () => {
  const { remove, left } = folder('2026-01-05T0631Z-00000001.md', '2026-01-05T0631Z-00000001.txt');
  expect(await remove(1)).toBe(1);
  expect(left()).toHaveLength(1);
  const dir = path.join(tempDir(), 'none');
  expect(await removeOldReportFiles({ dir, before: BEFORE, limit: 1, ids: async () => [] })).toBe(
    0,
  );
});
