import { pathToFileURL } from 'node:url';
import { PassThrough } from 'node:stream';
import { join } from 'node:path';
import { spawnNode, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { onLifelineCut } from './lifeline.ts';

test('a process hears that whoever held its standard input is gone', async () => {
  const module = pathToFileURL(join(import.meta.dirname, 'lifeline.ts')).href;
  const script = `
    import { onLifelineCut } from ${JSON.stringify(module)};
    setInterval(() => {}, 1000);
    onLifelineCut(process.stdin, () => { console.log('cut'); process.exit(0); });`;
  // A test's child gets an input that is closed at once: its holder is gone from the beginning.
  const child = spawnNode(['--input-type=module', '-e', script]);
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.stdout).toBe('cut\n');
});

test('a lifeline that was released is heard no more', async () => {
  const pipe = new PassThrough();
  let cuts = 0;
  onLifelineCut(pipe, () => cuts++)();
  pipe.destroy();
  await waitUntil(() => pipe.closed, { what: 'the pipe to close' });
  expect(cuts).toBe(0);
});
