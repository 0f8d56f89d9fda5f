import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { readRegistration } from '../install/registration.ts';
import { SUPERVISED } from '../service-process.ts';
import type { FileSystem } from './verdicts.ts';

const BWRAP = '/usr/bin/bwrap';
const ANSWER_MS = 5_000;

/** The file system below `dir`: the mount point that is the longest beginning of its path. */
export function fileSystemOf(dir: string, mounts = readMounts()): FileSystem {
  const { bavail, bsize, files, ffree } = statfsSync(dir);
  const inside = mounts.filter(({ mountPoint }) => isBelow(dir, mountPoint));
  const last = inside.toSorted((a, b) => a.mountPoint.length - b.mountPoint.length).at(-1);
  const found = last ?? { type: 'unknown', mountPoint: '/' };
  return { ...found, freeBytes: bavail * bsize, totalInodes: files, freeInodes: ffree };
}

interface Mount {
  readonly type: string;
  readonly mountPoint: string;
}

/** proc(5), /proc/self/mounts: spaces are written as `\040`. */
function readMounts(): readonly Mount[] {
  if (!existsSync('/proc/self/mounts')) return [];
  const lines = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [, mountPoint = '', type = ''] = line.split(' ');
    return { type, mountPoint: mountPoint.replace(/\\(\d{3})/g, octal) };
  });
}

function octal(_text: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 8));
}

function isBelow(dir: string, mountPoint: string): boolean {
  return mountPoint === '/' || dir === mountPoint || dir.startsWith(`${mountPoint}/`);
}

/** Whether somebody keeps this clock right; null where nobody says. */
export function clockSynchronised(): boolean | null {
  const said = answer('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']);
  if (said === 'yes' || said === 'no') return said === 'yes';
  return null;
}

/** Whether bubblewrap can make what a child needs; null where it is missing. */
export function bubblewrapWorks(): boolean | null {
  if (!existsSync(BWRAP)) return null;
  const walls = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--', '/bin/true'];
  return answer(BWRAP, walls) !== null;
}

/** States of what was installed, as its supervisor says; null where nothing was. */
export function unitStates(): Readonly<Record<string, string>> | null {
  const read = (path: string): string | null =>
    existsSync(path) ? readFileSync(path, 'utf8') : null;
  const kind = readRegistration({ read })?.kind;
  if (kind === undefined) return null;
  if (kind === 'cron') return { cron: cronRuns() ? 'active' : 'not running' };
  const stateOf = kind === 'systemd' ? systemdState : launchdState;
  return Object.fromEntries(SUPERVISED.map((it) => [unitName(kind, it), stateOf(it)]));
}

function unitName(kind: 'systemd' | 'launchd', service: string): string {
  return kind === 'systemd' ? `nightshift-${service}` : `nightshift.${service}`;
}

function systemdState(service: string): string {
  const unit = unitName('systemd', service);
  return answer('systemctl', ['show', '-p', 'ActiveState', '--value', unit]) ?? 'unknown';
}

function launchdState(service: string): string {
  const label = `system/${unitName('launchd', service)}`;
  const said = answer('launchctl', ['print', label]);
  if (said === null) return 'not loaded';
  return /^\s*state = running$/m.test(said) ? 'active' : 'not running';
}

/** Debian calls it cron, Red Hat crond. */
function cronRuns(): boolean {
  return ['cron', 'crond'].some((name) => answer('pgrep', ['-x', name]) !== null);
}

/** Minutes until this Mac sleeps by itself, 0 for never; null where nobody says. */
export function sleepsAfter(): number | null {
  if (process.platform !== 'darwin') return null;
  return sleepMinutes(answer('pmset', ['-g']) ?? '');
}

/** pmset(1) `-g`: a line ` sleep  10 (sleep prevented by ...)`. */
export function sleepMinutes(said: string): number | null {
  const minutes = /^ *sleep +(\d+)/m.exec(said)?.[1];
  return minutes === undefined ? null : Number(minutes);
}

function answer(command: string, args: readonly string[]): string | null {
  const options = { encoding: 'utf8', timeout: ANSWER_MS } as const;
  const { status, stdout } = spawnSync(command, [...args], options);
  return status === 0 ? stdout.trim() : null;
}
