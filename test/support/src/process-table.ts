import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** One live process. `startedAt` is opaque; together with the pid it names one process for ever. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly startedAt: string;
  /** Its command line, for a message. */
  readonly command: string;
  /** Where it lives; read on demand because most rows are never asked. */
  details(): { command: string; cwd: string; environment: string };
}

/** Every process of this machine that is not a zombie. */
export function listProcesses(): ProcessRow[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

/** Is there a process with this pid, zombies excepted? */
export function isAlive(pid: number): boolean {
  return listProcesses().some((row) => row.pid === pid);
}

/** Is the process of that row still the one with its pid? */
export function isSame(row: ProcessRow): boolean {
  return listProcesses().some((it) => it.pid === row.pid && it.startedAt === row.startedAt);
}

/** Children of `root`, their children, and so on. */
export function descendantsOf(rows: readonly ProcessRow[], root: number): ProcessRow[] {
  const found: ProcessRow[] = [];
  const parents = new Set([root]);
  for (let grew = true; grew;) {
    const next = rows.filter((row) => parents.has(row.parent) && !parents.has(row.pid));
    for (const row of next) parents.add(row.pid);
    found.push(...next);
    grew = next.length > 0;
  }
  return found;
}

function fromProc(): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => procRow(Number(name)) ?? []);
}

function procRow(pid: number): ProcessRow | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the name in parentheses and may hold anything, so count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, startedAt] = [fields[0], fields[1], fields[19]];
  if (state === undefined || parent === undefined || startedAt === undefined) return undefined;
  if (state === 'Z' || state === 'X') return undefined;
  const command = words(attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')));
  return {
    pid,
    parent: Number(parent),
    startedAt,
    command,
    details: () => ({
      command,
      cwd: attempt(() => readlinkSync(`/proc/${pid}/cwd`)),
      environment: words(attempt(() => readFileSync(`/proc/${pid}/environ`, 'utf8'))),
    }),
  };
}

/** Without /proc (macOS) working folders stay unknown; `E` adds the environment to the command. */
function fromPs(): ProcessRow[] {
  const table = execFileSync('ps', ['-axEww', '-o', 'pid=,ppid=,state=,lstart=,command='], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return table.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+ +\S+ +\d+ [\d:]+ \d+)\s+(.*)$/.exec(line);
    const [, pid, parent, state, startedAt, command] = match ?? [];
    if (pid === undefined || startedAt === undefined || command === undefined) return [];
    if (state?.startsWith('Z') === true) return [];
    const details = () => ({ command, cwd: '', environment: '' });
    return [{ pid: Number(pid), parent: Number(parent), startedAt, command, details }];
  });
}

/** A process may end between two reads; then there is nothing to tell. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

function words(nulSeparated: string): string {
  return nulSeparated.replaceAll('\0', ' ').trim();
}
