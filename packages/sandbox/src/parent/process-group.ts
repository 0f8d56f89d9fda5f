import { readFileSync, readdirSync } from 'node:fs';
import { NightshiftError } from '@nightshift/domain';
import type { Clock } from '@nightshift/domain';

/** How long a killed group may take to be gone: the kernel is quick, a swapping machine is not. */
const DEAD_WITHIN_MS = 10_000;
const LOOK_EACH_MS = 2;
/** Looks before the process table is read: most groups are gone by then. */
const LOOKS_FIRST = 10;

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
  for (let looks = 0; signalGroup(pgid, 0); looks++) {
    if (looks >= LOOKS_FIRST && looks % LOOKS_FIRST === 0 && onlyZombies(pgid)) return;
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

/**
 * True when all that is left of a group waits to be reaped: a member whose parent died belongs to
 * init, and some take their time. A zombie can do nothing any more. Linux only; elsewhere false.
 */
function onlyZombies(pgid: number): boolean {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .every((pid) => isOutsideOrZombie(pid, pgid));
  } catch {
    return false;
  }
}

/** By the fields of /proc/PID/stat after the name: state, parent, process group (proc(5)). */
function isOutsideOrZombie(pid: string, pgid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(group) !== pgid || state === 'Z' || state === 'X';
  } catch {
    // It ended between the listing and the look.
    return true;
  }
}
