import { renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { SourceHashes } from './agent-entry.ts';

test('a source that changes has another hash, also of the same length and time', async () => {
  const file = join(tempDir('agent-entry'), 'agent.ts');
  const sources = new SourceHashes();
  const write = (text: string, to = file): void => {
    writeFileSync(to, text);
    utimesSync(to, 1_000, 1_000);
  };
  write('one');
  const one = await sources.of(file);
  expect(one).toMatch(/^[0-9a-f]{64}$/);
  expect(await sources.of(file)).toBe(one);
  write('two');
  const two = await sources.of(file);
  expect(two).not.toBe(one);
  write('one', `${file}.new`);
  renameSync(`${file}.new`, file);
  expect(await sources.of(file)).toBe(one);
});

test('a source that cannot be read has none, and one again when it can', async () => {
  const file = join(tempDir('agent-entry'), 'agent.ts');
  const sources = new SourceHashes();
  expect(await sources.of(file)).toBeNull();
  writeFileSync(file, 'one');
  expect(await sources.of(file)).not.toBeNull();
});
