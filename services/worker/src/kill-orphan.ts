import { setTimeout } from 'node:timers/promises';
import type { ProcessRef } from '@nightshift/domain';
import type { Processes } from '@nightshift/lifecycle';

/** How long a pass waits to see a killed child dead, ms: one that can die needs a few. */
const DEAD_WITHIN_MS = 200;
const LOOK_MS = 20;

/**
 * Ends children that outlived their worker. A child in an uninterruptible wait does not die of a
 * signal: it costs one pass a moment, and later passes only a look, so that leases and beats of
 * everything else go on beside it.
 *
 * @returns a function that is true when the child is proven to be dead.
 */
export function orphanKiller(
  processes: Pick<Processes, 'liveness' | 'signal'>,
): (ref: ProcessRef) => Promise<boolean> {
  const waitedFor = new Set<string>();
  return async (ref) => {
    const name = `${ref.bootId} ${ref.pid} ${ref.startTicks}`;
    const patience = waitedFor.has(name) ? 0 : DEAD_WITHIN_MS;
    for (let waited = 0; ; waited += LOOK_MS) {
      const state = processes.liveness(ref);
      if (state === 'dead' || state === 'other') {
        waitedFor.delete(name);
        return true;
      }
      if (state === 'unknown') return false;
      processes.signal(ref, 'SIGKILL');
      if (waited >= patience) break;
      await setTimeout(LOOK_MS);
    }
    waitedFor.add(name);
    return false;
  };
}
