import { NightshiftError } from '@nightshift/domain';
import type { Clock } from '@nightshift/domain';

/** How long a killed group may take to be gone: the kernel is quick, a swapping machine is not. */
const DEAD_WITHIN_MS = 10_000;
const LOOK_EACH_MS = 2;

/** SIGKILL to every process of the group. Legal when it is gone. */
export function killGroup(pgid: number): void {
  signalGroup(pgid, 'SIGKILL');
}

/**
 * Resolves once no process of the group is left.
 *
 * @throws NightshiftError `child-survived`: nothing may be retried while it may still act
 */
export async function groupGone(pgid: number, clock: Clock): Promise<void> {
  const until = clock.monotonic() + DEAD_WITHIN_MS;
  while (signalGroup(pgid, 0)) {
    if (clock.monotonic() > until) {
      throw new NightshiftError('child-survived', `process group ${pgid} is alive after SIGKILL`, {
        at: `process ${pgid}`,
        fix: 'look at it with ps; a process in state D waits for a disk',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EACH_MS));
  }
}

function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pgid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
