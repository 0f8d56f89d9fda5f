import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { readRegistration } from '../install/registration.ts';
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

/** States of the units that were installed; null where none were. */
export function unitStates(): Readonly<Record<string, string>> | null {
  const read = (path: string): string | null =>
    existsSync(path) ? readFileSync(path, 'utf8') : null;
  if (readRegistration({ read })?.kind !== 'systemd') return null;
  const names = ['scheduler', 'worker', 'watchdog'].map((it) => `nightshift-${it}`);
  return Object.fromEntries(names.map((it) => [it, stateOf(it)]));
}

function stateOf(unit: string): string {
  return answer('systemctl', ['show', '-p', 'ActiveState', '--value', unit]) ?? 'unknown';
}

function answer(command: string, args: readonly string[]): string | null {
  const options = { encoding: 'utf8', timeout: ANSWER_MS } as const;
  const { status, stdout } = spawnSync(command, [...args], options);
  return status === 0 ? stdout.trim() : null;
}
