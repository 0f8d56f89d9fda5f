import { readFileSync, readlinkSync } from 'node:fs';
import type { ProcessFacts, ProcessSource } from '../process-identity.ts';

/** Linux: proc(5). */
export function linuxProcesses(proc = '/proc'): ProcessSource {
  return {
    host() {
      try {
        return {
          bootId: readFileSync(`${proc}/sys/kernel/random/boot_id`, 'utf8').trim(),
          // Of this process, not of the one asked about: a pid is a number in our namespace.
          pidNamespace: readlinkSync(`${proc}/self/ns/pid`),
        };
      } catch {
        return null;
      }
    },
    look(pid) {
      try {
        return parseStat(readFileSync(`${proc}/${pid}/stat`, 'utf8')) ?? 'unknown';
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        // ESRCH: it ended between open and read. ENOENT alone may mean hidepid, so ask again.
        if (code === 'ESRCH') return 'none';
        return code === 'ENOENT' && !exists(pid) ? 'none' : 'unknown';
      }
    },
  };
}

/**
 * State and field 22 (start time in clock ticks since boot) of a /proc/PID/stat line; null for
 * anything else. The second field is the name in parentheses and may hold spaces and parentheses.
 */
export function parseStat(line: string): ProcessFacts | null {
  const end = line.lastIndexOf(')');
  if (end < 0) return null;
  const fields = line.slice(end + 2).split(' ');
  const state = fields[0];
  const startTicks = Number(fields[19]);
  if (state === undefined || !/^[A-Za-z]$/.test(state)) return null;
  if (fields[19] === undefined || !Number.isSafeInteger(startTicks)) return null;
  return {
    startTicks,
    zombie: state === 'Z' || state === 'X',
    stopped: state === 'T' || state === 't',
  };
}

/** Signal 0 is answered for processes that /proc hides (mount option hidepid). */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
