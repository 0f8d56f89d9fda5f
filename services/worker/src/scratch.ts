import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '@nightshift/domain';

/** An attempt removes its own folder; one this old was left by a worker that was killed. */
const LEFTOVER_AFTER_MS = 24 * 3_600_000;

/**
 * Makes the folder in which attempts get their working folders, and removes what killed workers
 * left there long ago. Younger folders may belong to a bounded run beside this worker.
 */
export async function prepareScratch(dir: string, clock: Clock): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const name of await readdir(dir)) {
    const folder = path.join(dir, name);
    // Another worker may remove its own folder while we look.
    const found = await lstat(folder).catch(() => null);
    if (found !== null && clock.now() - found.mtimeMs > LEFTOVER_AFTER_MS)
      await rm(folder, { recursive: true, force: true });
  }
}
