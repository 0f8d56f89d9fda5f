import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { NightshiftError } from '@nightshift/domain';
import type { Launcher } from '../launcher.ts';

export interface SpawnSpec {
  readonly launcher: Launcher;
  readonly read: readonly string[];
  readonly scratch: string;
  /** Working folder: what relative paths of the agent are relative to. It grants nothing. */
  readonly cwd: string;
  readonly memoryMb: number;
  readonly extraExecArgv: readonly string[];
  /** Folder of a compile cache in the scratch folder, or null. */
  readonly codeCache: string | null;
  /** What Node runs, with its arguments; default the child's main file. */
  readonly program?: readonly string[];
}

/** A started child with its pipes. */
export interface Spawned {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** The program of every child that runs an agent. */
export const CHILD_MAIN = fileURLToPath(new URL('../child/start.mjs', import.meta.url));

/**
 * Flags of every child. `node:sqlite` and `node:ffi` do not ask the permission model (or need not
 * be there at all), web storage is a database file; SIGUSR1 would open an inspector.
 */
const FLAGS = [
  '--permission',
  '--no-experimental-sqlite',
  '--disable-sigusr1',
  '--no-experimental-ffi',
  '--no-experimental-webstorage',
  '--no-addons',
  '--disable-warning=ExperimentalWarning',
] as const;

/** Arguments to Node for one child, the program last. */
function nodeArgs(spec: SpawnSpec, read: readonly string[]): string[] {
  const known = process.allowedNodeEnvironmentFlags;
  return [
    // A flag that a younger or older Node does not know would stop it; the probe judges the rest.
    ...FLAGS.filter((flag) => known.has(flag.replace(/=.*/, '')) || flag === '--permission'),
    `--max-old-space-size=${spec.memoryMb}`,
    ...read.map((path) => `--allow-fs-read=${path}`),
    `--allow-fs-read=${spec.scratch}`,
    `--allow-fs-write=${spec.scratch}`,
    ...spec.extraExecArgv,
    ...(spec.program ?? [CHILD_MAIN]),
  ];
}

/**
 * Starts a child in its own process group with an environment made from nothing.
 *
 * @throws NightshiftError `child-not-started` (retryable)
 */
export function spawnChild(spec: SpawnSpec): Spawned {
  const read = [...spec.read, ...preloads(spec.extraExecArgv)];
  const command = spec.launcher.command({
    file: realpathSync(process.execPath),
    args: nodeArgs(spec, read),
    read,
    scratch: spec.scratch,
    cwd: spec.cwd,
  });
  const child = spawn(command.file, command.args, {
    cwd: spec.cwd,
    env: {
      TZ: 'UTC',
      LANG: 'C.UTF-8',
      HOME: spec.scratch,
      TMPDIR: spec.scratch,
      NODE_ENV: 'production',
      ...(spec.codeCache === null ? {} : { NODE_COMPILE_CACHE: spec.codeCache }),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  child.on('error', () => undefined);
  if (child.pid === undefined) {
    throw new NightshiftError('child-not-started', `cannot start ${command.file}`, {
      retryable: true,
      fix: 'check free memory and the limit on processes',
    });
  }
  const [, stdout, stderr, channel] = child.stdio as unknown as [null, Readable, Readable, Duplex];
  return { process: child, pid: child.pid, channel, stdout, stderr };
}

/** Files named by `--import` and `--require`: the child must be able to read them. */
function preloads(execArgv: readonly string[]): string[] {
  const named = execArgv.map((it) => /^--(?:import|require)=(.+)$/.exec(it)?.[1]);
  return named.flatMap((it) => {
    if (it?.startsWith('file:')) return [fileURLToPath(it.replace(/[?#].*/, ''))];
    return it?.startsWith('/') ? [it] : [];
  });
}
