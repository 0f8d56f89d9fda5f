import type { ServiceName } from '@nightshift/domain';

const EVERY_SERVICE = ['--disable-sigusr1', '--max-semi-space-size=1', '--optimize-for-size'];
const WATCHDOG = ['--no-opt', '--no-maglev', '--no-sparkplug', '--v8-pool-size=0'];

/**
 * Node flags of a service, shared by the units and by `up`.
 *
 * `--disable-sigusr1`: SIGUSR1 would open an inspector, and a sandboxed child may signal its
 * parent. The two memory flags keep an idle service small: a semi-space of 1 MB instead of 16, and
 * code that is compiled for size; services wait for the database, not for the processor. The
 * watchdog reads some rows and sleeps: without compilers and threads for them it is 12 MB smaller.
 */
export function serviceFlags(service: ServiceName): readonly string[] {
  return service === 'watchdog' ? [...EVERY_SERVICE, ...WATCHDOG] : EVERY_SERVICE;
}

/** Seconds a supervisor waits before it starts a service again. */
export const RESTART_DELAY_SEC = 5;

/**
 * Environment a supervisor adds for a service. Node then stores stripped and compiled modules below
 * the state folder: a second start neither loads the TypeScript stripper, which costs 35 MB that
 * are never given back, nor compiles again.
 */
export function serviceEnvironment(compileCacheDir: string): {
  readonly NODE_COMPILE_CACHE: string;
} {
  return { NODE_COMPILE_CACHE: compileCacheDir };
}
