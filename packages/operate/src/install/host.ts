import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What an installation does to a machine. A test looks at it instead. */
export interface Host {
  readonly isRoot: boolean;
  readonly platform: NodeJS.Platform;
  /** IANA name of the zone this machine tells the time in. */
  readonly timezone: string;
  exists(path: string): boolean;
  read(path: string): string | null;
  /** Whole or not at all; makes the folders above it. */
  write(path: string, text: string, mode: number): void;
  remove(path: string): void;
  /** Removes a folder in which nothing is; any other stays. */
  removeEmptyFolder(path: string): void;
  /** A folder with this mode that belongs to whoever owns `like`, or to root. */
  makeFolder(
    path: string,
    mode: number,
    owner?: { readonly uid: number; readonly gid: number },
  ): void;
  run(command: string, args: readonly string[]): Ran;
}

/** This machine. */
export function thisHost(): Host {
  return {
    isRoot: process.getuid?.() === 0,
    platform: process.platform,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    exists: existsSync,
    read: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null),
    write(path, text, mode) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      const draft = `${path}.new`;
      writeFileSync(draft, text, { mode, flush: true });
      chmodSync(draft, mode);
      renameSync(draft, path);
    },
    remove: (path) => rmSync(path, { force: true }),
    removeEmptyFolder(path) {
      if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
    },
    makeFolder(path, mode, owner) {
      mkdirSync(path, { recursive: true, mode });
      if (owner !== undefined && statSync(path).uid !== owner.uid) {
        chownSync(path, owner.uid, owner.gid);
      }
    },
    run(command, args) {
      const { status, stdout, stderr, error } = spawnSync(command, [...args], { encoding: 'utf8' });
      const said = error === undefined ? (stderr ?? '') : error.message;
      return { code: error === undefined ? status : 127, stdout: stdout ?? '', stderr: said };
    },
  };
}
