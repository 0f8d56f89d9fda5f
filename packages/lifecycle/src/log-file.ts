import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@nightshift/domain';

/**
 * The file a service logs to: always `logs/<service>.log`, renamed to `<service>.<day>.<n>.log`
 * when it is full or its (UTC) day is over. Lines are written synchronously: what was logged before
 * a SIGKILL is in the file. A log that cannot be written is counted, never a reason to stop
 * working.
 *
 * pino-roll was measured first and loads all of date-fns: 12 MB in each service, a fifth of what
 * one may take; it also counts only the files of its own life towards the retention.
 */
export interface LogFile {
  readonly path: string;
  write(line: string): void;
  close(): void;
}

export interface LogFileOptions {
  readonly dir: string;
  readonly service: string;
  readonly clock: Clock;
  /** A file is renamed once it is larger than this. Default 10 MB. */
  readonly maxBytes?: number;
  /** Renamed files to keep. Default 14. */
  readonly keep?: number;
}

/** Where a service logs to now. */
export function logPath(dir: string, service: string): string {
  return join(dir, `${service}.log`);
}

/** All logs of a service in the order they were written, the current one last. */
export function logFiles(dir: string, service: string): string[] {
  return [...rolledFiles(dir, service), logPath(dir, service)];
}

/** Opens the log of a service; creates the folder. @throws Error when that cannot be done. */
export function openLogFile(options: LogFileOptions): LogFile {
  const { dir, service, clock, maxBytes = 10 * 1024 * 1024, keep = 14 } = options;
  const path = logPath(dir, service);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  let file = open(path, clock);
  let lost = 0;
  const roll = (): void => {
    const [day, next] = [file.day, rolledFiles(dir, service)];
    closeSync(file.fd);
    renameSync(path, join(dir, rolledName(service, day, nextNumber(next, day))));
    file = open(path, clock);
    for (const old of rolledFiles(dir, service).slice(0, -keep)) rmSync(old, { force: true });
  };
  return {
    path,
    write(line) {
      try {
        if (file.bytes > 0 && (file.bytes >= maxBytes || dayOf(clock.now()) > file.day)) roll();
        const gap = lost === 0 ? '' : lostLine(clock, service, lost);
        file.bytes += writeSync(file.fd, gap + line);
        lost = 0;
      } catch {
        lost++;
        // After a failed roll the descriptor may be closed: the next line tries a new one.
        file = reopen(path, clock, file);
      }
    },
    close: () => closeQuietly(file.fd),
  };
}

interface OpenFile {
  readonly fd: number;
  readonly day: string;
  bytes: number;
}

function open(path: string, clock: Clock): OpenFile {
  const before = statSync(path, { throwIfNoEntry: false });
  const day = dayOf(before === undefined || before.size === 0 ? clock.now() : before.mtimeMs);
  const fd = openSync(path, 'a', 0o600);
  return { fd, day, bytes: fstatSync(fd).size };
}

function reopen(path: string, clock: Clock, last: OpenFile): OpenFile {
  closeQuietly(last.fd);
  try {
    return open(path, clock);
  } catch {
    return { fd: -1, day: last.day, bytes: 0 };
  }
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Closed already.
  }
}

function lostLine(clock: Clock, service: string, lost: number): string {
  const line = { level: 'warn', time: clock.now(), service, event: 'log-lines-lost', lost };
  return `${JSON.stringify({ ...line, msg: `${lost} lines could not be written` })}\n`;
}

function rolledName(service: string, day: string, n: number): string {
  // Four digits, so that the names sort as the files were written.
  return `${service}.${day}.${String(n).padStart(4, '0')}.log`;
}

function rolledFiles(dir: string, service: string): string[] {
  const tail = /^\.\d{4}-\d\d-\d\d\.\d{4,}\.log$/;
  return readdirSync(dir)
    .filter((name) => name.startsWith(`${service}.`) && tail.test(name.slice(service.length)))
    .sort()
    .map((name) => join(dir, name));
}

function nextNumber(rolled: readonly string[], day: string): number {
  const numbers = rolled.map((name) => /\.(\d{4}-\d\d-\d\d)\.(\d+)\.log$/.exec(name));
  return 1 + Math.max(0, ...numbers.map((it) => (it?.[1] === day ? Number(it[2]) : 0)));
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
