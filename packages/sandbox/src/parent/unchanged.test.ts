import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manualClock, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { changedAt, Unchanged } from './unchanged.ts';

/** Another time than now: what was just made is old. */
const later = manualClock();

function look(...paths: string[]): Map<string, number | null> {
  return new Map(paths.map((path) => [path, changedAt(path)]));
}

test('what was found stands until a name comes or goes where it was found', () => {
  const dir = tempDir('unchanged');
  mkdirSync(join(dir, 'sub'));
  const missing = join(dir, 'missing');
  const looks = new Unchanged<string>(later);
  looks.remember('key', look(join(dir, 'sub'), missing), 'found');
  expect(looks.recall('key')).toBe('found');
  writeFileSync(join(dir, 'sub', '.env'), '');
  expect(looks.recall('key')).toBeUndefined();
  looks.remember('key', look(join(dir, 'sub'), missing), 'again');
  expect(looks.recall('key')).toBe('again');
  writeFileSync(missing, '');
  expect(looks.recall('key')).toBeUndefined();
});

test('what may change in the same tick of the clock is not remembered', () => {
  const dir = tempDir('unchanged');
  const looks = new Unchanged<string>();
  looks.remember('key', look(dir), 'found');
  expect(looks.recall('key')).toBeUndefined();
});
