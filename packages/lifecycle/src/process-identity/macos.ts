import { execFileSync } from 'node:child_process';
import type { ProcessFacts, ProcessSource } from '../process-identity.ts';

/**
 * macOS: ps(1) and sysctl(8). The start time has a resolution of one second there, so a pid that
 * was reused within the same second would not be noticed; macOS hands out pids in turn, which makes
 * that about a hundred thousand processes in a second.
 */
export function macosProcesses(run: RunCommand = runCommand): ProcessSource {
  let host: { bootId: string; pidNamespace: string } | null = null;
  return {
    host() {
      host ??= readHost(run);
      return host;
    },
    look(pid) {
      const answer = run('/bin/ps', ['-o', 'state=,lstart=', '-p', String(pid)]);
      // ps exits 1 and prints nothing when there is no such process.
      if (answer.code === 1 && answer.stdout.trim() === '') return 'none';
      if (answer.code !== 0) return 'unknown';
      return parsePs(answer.stdout) ?? 'unknown';
    },
  };
}

/** Runs a program; `code` is null when it could not be started. */
export type RunCommand = (
  file: string,
  args: readonly string[],
) => { readonly code: number | null; readonly stdout: string };

/**
 * One line of `ps -o state=,lstart=` in the C locale and UTC, such as `Ss Mon Nov  2 08:03:10
 * 2026`.
 */
export function parsePs(line: string): ProcessFacts | null {
  const match = /^\s*([A-Za-z])\S*\s+\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})\s*$/.exec(
    line,
  );
  if (match === null) return null;
  const [, state, month, day, time, year] = match;
  const startedAt = Date.parse(`${day} ${month} ${year} ${time} GMT`);
  if (!Number.isFinite(startedAt)) return null;
  return { startTicks: startedAt / 1_000, zombie: state === 'Z', stopped: state === 'T' };
}

/** The answer of `sysctl -n kern.bootsessionuuid`; null for anything but a UUID. */
export function parseBootSession(text: string): string | null {
  const id = text.trim();
  return /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(id) ? id : null;
}

function readHost(run: RunCommand): { bootId: string; pidNamespace: string } | null {
  const answer = run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid']);
  const bootId = answer.code === 0 ? parseBootSession(answer.stdout) : null;
  return bootId === null ? null : { bootId, pidNamespace: 'macos' };
}

const runCommand: RunCommand = (file, args) => {
  try {
    const stdout = execFileSync(file, args, {
      encoding: 'utf8',
      timeout: 2_000,
      // Dates in one language and zone, whatever the operator's are.
      env: { LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return { code: 0, stdout };
  } catch (error) {
    const { status, stdout } = error as { status?: number | null; stdout?: string };
    return { code: status ?? null, stdout: stdout ?? '' };
  }
};
