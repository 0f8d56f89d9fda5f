import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Group } from './benchmark.ts';
import { atMost } from './row.ts';
import { runGroups } from './run.ts';

let folder = '';
const two: Group = {
  ids: ['a.one', 'a.two'],
  run(bench) {
    folder = bench.workspace.folder('tried');
    const row = { unit: 'ms', ours: bench.rounds, budget: atMost(1), note: '' };
    return Promise.resolve({
      rows: [
        { ...row, id: 'a.one' },
        { ...row, id: 'a.two' },
      ],
      notMeasured: [{ id: 'a.two', why: 'no peer' }],
    });
  },
};
const broken: Group = { ids: ['b'], run: () => Promise.reject(new Error('it fell over')) };

test('the document holds rows, what was not measured, versions and settings', async () => {
  const document = await runGroups([two, broken], { rounds: 2, only: null });
  expect(document.schema).toBe(1);
  expect(document.rows.map(({ id, ok }) => [id, ok])).toEqual([
    ['a.one', false],
    ['a.two', false],
  ]);
  expect(document.notMeasured).toEqual([
    { id: 'a.two', why: 'no peer' },
    { id: 'b', why: 'it fell over' },
  ]);
  expect(document.versions).toMatchObject({ node: process.versions.node });
  expect(document.settings).toMatchObject({ rounds: 2 });
  expect(JSON.parse(JSON.stringify(document))).toEqual(document);
});

test('only what was asked for is run and shown, and its folders are gone', async () => {
  const document = await runGroups([broken, two], { rounds: 1, only: ['a.one'] });
  expect(document.rows.map(({ id }) => id)).toEqual(['a.one']);
  expect(document.notMeasured).toEqual([]);
  expect(folder).not.toBe('');
  expect(existsSync(folder)).toBe(false);
});
