import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StatePaths } from '@nightshift/lifecycle';
import { serviceFlags, serviceEnvironment } from '@nightshift/lifecycle';

/** The folder this installation was put into. */
const INSTALLATION = new URL('../../../', import.meta.url);

/** The services that run for ever. */
export const SUPERVISED = ['scheduler', 'worker', 'watchdog'] as const;
export type Supervised = (typeof SUPERVISED)[number];

/** Which installation a service is started for. */
export interface ServiceTarget {
  /** Null leaves the service with the built-in configuration of its working folder. */
  readonly configFile: string | null;
  readonly paths: StatePaths;
  readonly environment: { readonly all: Readonly<Record<string, string>> };
  readonly cwd: string;
  /**
   * Where Node keeps compiled modules; default what NODE_COMPILE_CACHE says for this process, then
   * below the state folder.
   */
  readonly compileCache?: string;
}

/** A compile cache that outlives a throw-away state folder: beside the installed packages. */
export const LASTING_COMPILE_CACHE = fileURLToPath(
  new URL('node_modules/.cache/nightshift', INSTALLATION),
);

/** An absolute path below the checkout this program is. */
export function checkoutPath(path: string): string {
  return fileURLToPath(new URL(path, INSTALLATION));
}

/** `services/<name>/src/main.ts` of this installation: an absolute path. */
export function serviceMain(service: Supervised): string {
  return fileURLToPath(new URL(`services/${service}/src/main.ts`, INSTALLATION));
}

/** Node's arguments for a service. */
export function serviceCommand(
  service: Supervised,
  target: Pick<ServiceTarget, 'configFile' | 'paths'>,
  more: readonly string[] = [],
): readonly string[] {
  const config = target.configFile === null ? [] : ['--config', target.configFile];
  const args = [...config, '--state-dir', target.paths.dir, ...more];
  return [...serviceFlags(service), serviceMain(service), ...args];
}

/**
 * Starts a service with this Node. It leads its own process group: Ctrl-C in a terminal reaches the
 * whole foreground group, and a service that got it twice (from the terminal, and from its
 * supervisor) would take the second for "at once, without draining". Its standard input is a pipe
 * that nobody writes to: should this process be killed, the pipe closes and the service drains.
 */
export function startService(
  service: Supervised,
  target: ServiceTarget,
  more: readonly string[] = [],
): ChildProcess {
  const { all } = target.environment;
  const compileCache = target.compileCache ?? all.NODE_COMPILE_CACHE ?? target.paths.compileCache;
  const args = serviceCommand(service, target, [...more, '--lifeline']);
  return spawn(process.execPath, [...args], {
    cwd: target.cwd,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...all, ...serviceEnvironment(compileCache) },
  });
}
