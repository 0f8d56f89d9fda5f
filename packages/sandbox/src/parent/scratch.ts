import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder for one attempt, readable by its owner alone; its real path. */
export async function makeScratch(root: string = tmpdir()): Promise<string> {
  return mkdtemp(join(await realpath(root), 'nightshift-scratch-'));
}

/** Removes it with everything the child left there. Links are removed, never followed. */
export async function removeScratch(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
}
