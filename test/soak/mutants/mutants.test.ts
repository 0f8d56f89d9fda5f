import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repoRoot } from '@nightshift/support';
import { expect, test } from 'vitest';
import { type Edit, MUTANTS } from './mutants.ts';
import { changed } from './tree.ts';

test('each invariant has a product that breaks it', () => {
  const ids = Array.from({ length: 13 }, (_, n) => `I${n + 1}`);
  expect([...new Set(MUTANTS.map(({ id }) => id))]).toEqual(ids);
});

test.each(MUTANTS)('$id: $what, can still be made of the source', ({ edits }) => {
  const texts = new Map<string, string>();
  const text = ({ file }: Edit): string =>
    texts.get(file) ?? readFileSync(path.join(repoRoot, file), 'utf8');
  for (const edit of edits) texts.set(edit.file, changed(text(edit), edit));
  expect(texts.size).toBeGreaterThan(0);
});
