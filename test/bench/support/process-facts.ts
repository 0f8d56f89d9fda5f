import { readFileSync } from 'node:fs';

/** Ticks a second in /proc/PID/stat; 100 on every Linux that Node runs on (sysconf _SC_CLK_TCK). */
const TICKS_PER_SECOND = 100;

/** Why these numbers cannot be had on this system; null where they can. */
export function whyNoProcessFacts(): string | null {
  return process.platform === 'linux' ? null : 'needs /proc of Linux';
}

/** Proportional set size in MB: what is shared with other processes is divided among them. */
export function pssMb(pid: number): number {
  return field(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss') / 1_024;
}

/** Resident set size in MB. */
export function rssMb(pid: number): number {
  return field(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS') / 1_024;
}

/** Processor time of all threads of a process so far, ms: utime + stime of proc(5). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything, so count from its end: fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000;
}

function field(text: string, name: string): number {
  const kb = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  if (kb === undefined) throw new Error(`no ${name} in /proc`);
  return Number(kb);
}
