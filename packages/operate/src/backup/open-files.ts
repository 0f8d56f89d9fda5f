import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** A process that has a file of a state folder open. */
export interface Holder {
  readonly pid: number;
  readonly file: string;
}

/**
 * Processes that have one of the databases below `stateDir` open, by what the system says of their
 * open files (proc(5)). Others than root see only their own. Empty where there is no /proc.
 */
export function holdersOf(stateDir: string): readonly Holder[] {
  const prefix = new RegExp(`^${escape(stateDir)}/(?:nightshift|watchdog)\\.(?:db|lock)`);
  return pids().flatMap((pid) => {
    if (pid === process.pid) return [];
    const file = openFiles(pid).find((it) => prefix.test(it));
    return file === undefined ? [] : [{ pid, file }];
  });
}

function pids(): number[] {
  return list('/proc').map(Number).filter(Number.isInteger);
}

function openFiles(pid: number): string[] {
  const dir = `/proc/${pid}/fd`;
  return list(dir).flatMap((fd) => {
    try {
      return [readlinkSync(join(dir, fd))];
    } catch {
      return [];
    }
  });
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
