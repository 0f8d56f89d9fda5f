import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { onCleanup, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { openSite } from '../processes/support/site.ts';
import { Face } from './face.mjs';

const WALL = Date.parse('2031-01-01T00:00:00Z');

test('an agent lives by the clock of its worker', { timeout: 60_000 }, async () => {
  const face = Face.create(path.join(tempDir('clock'), 'face.json'), WALL, 5);
  onCleanup(() => face.close());
  const clock = pathToFileURL(path.join(import.meta.dirname, 'clock.mjs'));
  clock.searchParams.set('face', face.path);
  const env = { NIGHTSHIFT_TEST_CLOCK: clock.href, NODE_OPTIONS: `--import=${clock.href}` };
  const entry = path.join(import.meta.dirname, 'fixtures/tells-time.ts');
  const site = await openSite(
    `{ timezone: 'UTC', sandbox: 'direct',
       agents: { a: { entry: ${JSON.stringify(entry)},
                      allow: { read: [${JSON.stringify(face.path)}] } } } }`,
    env,
  );
  const worker = site.start('worker');
  const job = await site.ended(await site.enqueue('a'));
  expect(job.lastError).toBeNull();
  const [report] = await site.store.reports.list({ limit: 1 });
  const { before, after } = report!.data as { before: number; after: number };
  expect(before).toBeGreaterThanOrEqual(WALL);
  expect(before).toBeLessThan(WALL + 600_000);
  expect(after - before).toBeGreaterThanOrEqual(4_990);
  worker.kill();
  expect((await worker.exited).code).toBe(0);
});
