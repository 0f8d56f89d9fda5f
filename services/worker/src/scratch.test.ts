import { existsSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { manualClock, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { prepareScratch } from './scratch.ts';

const DAY_MS = 24 * 3_600_000;

test('old leftovers go, young ones stay, and one that is gone while it is looked at is nothing', async () => {
  const dir = join(tempDir(), 'scratch');
  const clock = manualClock();
  await prepareScratch(dir, clock);
  for (const name of ['old', 'young']) mkdirSync(join(dir, name));
  const at = (ms: number): number => (clock.now() - ms) / 1_000;
  utimesSync(join(dir, 'old'), at(2 * DAY_MS), at(2 * DAY_MS));
  utimesSync(join(dir, 'young'), at(0), at(0));
  // Listed, and not there when it is asked for: what a race with another worker looks like.
  symlinkSync(join(dir, 'nowhere'), join(dir, 'gone'));
  await prepareScratch(dir, clock);
  expect(['old', 'young'].map((name) => existsSync(join(dir, name)))).toEqual([false, true]);
});
