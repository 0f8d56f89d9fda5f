import { flushCompileCache } from 'node:module';
import { EXIT, NightshiftError, toError, type Settings } from '@nightshift/domain';
import { beats, beatState, type LoopBeatState } from './beats.ts';
import { identityOf, openBoot, settingsFor, type ServiceHost } from './boot.ts';
import { errorText } from './error-text.ts';
import { haltWatch } from './halt-watch.ts';
import { onLifelineCut } from './lifeline.ts';
import { serviceLoop, type Loop } from './loop.ts';
import { systemProcesses, type Processes } from './process-identity.ts';
import type {
  BootContext,
  ServiceContext,
  ServiceDefinition,
  ServiceStore,
  Work,
} from './service-context.ts';
import { onStopSignals } from './signals.ts';
import { timerSleeper } from './sleeper.ts';
import { stopFile } from './stop-file.ts';
import { storeDoor, type StoreDoor } from './store-door.ts';
import { VERSION } from './version.ts';

/**
 * Runs a service from its first line to its exit: the whole of a `main.ts`. Exits with 0 after a
 * stop that drained in time, 78 for what only a person can change, 75 for what may work later, and
 * 1 for anything else.
 */
export async function runService<S extends ServiceStore>(
  definition: ServiceDefinition<S>,
  host: ServiceHost = {},
): Promise<never> {
  let code: number;
  try {
    code = await serve(definition, host);
  } catch (error) {
    process.stderr.write(errorText(error));
    code = exitCodeOf(error);
  }
  // Sockets and timers of libraries must not keep a stopped service alive.
  process.exit(code);
}

/** 78 and 75 are kept; every other failure of a service is 1. */
export function exitCodeOf(thrown: unknown): 1 | 75 | 78 {
  if (!(thrown instanceof NightshiftError)) return EXIT.failed;
  const { exitCode } = thrown;
  if (exitCode === EXIT.config || exitCode === EXIT.tryAgain) return exitCode;
  return thrown.retryable ? EXIT.tryAgain : EXIT.failed;
}

async function serve<S extends ServiceStore>(
  definition: ServiceDefinition<S>,
  host: ServiceHost,
): Promise<number> {
  const boot = openBoot(definition, host);
  const stop = new AbortController();
  const ignore = onStopSignals({
    stop(signal) {
      boot.log.info('stop-asked', `${signal}: draining`, { signal });
      stop.abort();
    },
    exitNow: () => process.exit(EXIT.failed),
  });
  const release = boot.args.lifeline === true ? onLifelineCut(process.stdin, lost) : null;
  function lost(): void {
    boot.log.warn('supervisor-gone', 'the supervisor is gone: draining');
    stop.abort();
  }
  const crashed = (error: Error): void => {
    boot.log.error('crashed', 'an error that nobody caught', { error });
    process.stderr.write(errorText(error));
    process.exit(EXIT.failed);
  };
  process.on('uncaughtException', crashed);
  try {
    return await live(definition, boot, host.processes ?? systemProcesses(), stop);
  } catch (error) {
    boot.log.error('service-failed', toError(error).message, {
      error,
      exitCode: exitCodeOf(error),
    });
    throw error;
  } finally {
    ignore();
    release?.();
    process.off('uncaughtException', crashed);
    boot.log.close();
  }
}

/** From settings to the end of the loop. */
async function live<S extends ServiceStore>(
  definition: ServiceDefinition<S>,
  boot: BootContext,
  processes: Processes,
  stop: AbortController,
): Promise<number> {
  const loaded = await settingsFor(definition, boot);
  const { settings } = loaded;
  const full = { ...boot, environment: loaded.environment, settings };
  const door = storeDoor({
    open: () => definition.openStore(full),
    optional: definition.resilient !== undefined,
    log: boot.log,
    register: (store) =>
      store.instances.register({
        id: boot.instance,
        service: boot.name,
        process: identityOf(processes, boot.log),
        version: VERSION,
        configHash: settings.hash,
      }),
  });
  await door.tryStore();
  const state = beatState();
  const { loop, context } = assemble(definition, full, loaded.error, door, state, stop);
  boot.log.info('started', `${boot.name} ${VERSION}`, {
    pid: process.pid,
    config: settings.file,
    configHash: settings.hash,
  });
  // So that the next start is a light one, even if this process is killed.
  flushCompileCache();
  try {
    return await work(definition, context, loop, state, stop.signal);
  } finally {
    await signOff(door, boot);
  }
}

function assemble<S extends ServiceStore>(
  definition: ServiceDefinition<S>,
  full: BootContext & { readonly settings: Settings },
  settingsError: Error | null,
  door: StoreDoor<S>,
  state: LoopBeatState,
  stop: AbortController,
): { loop: Loop; context: ServiceContext<S> } {
  const { clock, log, instance, settings } = full;
  const halt = haltWatch({
    stopFile: stopFile(full.paths.stopFile),
    control: async () => (await door.tryStore())?.control ?? null,
    clock,
    log,
  });
  const loop = serviceLoop({
    beats: beats({
      instance,
      state,
      times: settings.times,
      clock,
      log,
      instances: async () => (await door.tryStore())?.instances ?? null,
      fatal: definition.resilient === undefined,
    }),
    state,
    halt,
    clock,
    log,
    sleeper: timerSleeper(),
    worksWhileHalted: definition.worksWhileHalted ?? false,
  });
  const context: ServiceContext<S> = {
    ...full,
    settingsError,
    get store() {
      return door.store;
    },
    get storeError() {
      return door.error;
    },
    tryStore: () => door.tryStore(),
    halt,
    beat: state,
    wake: () => loop.wake(),
    requestStop: () => stop.abort(),
    stopping: stop.signal,
  };
  return { loop, context };
}

/** Start, turn, drain. */
async function work<S extends ServiceStore>(
  definition: ServiceDefinition<S>,
  context: ServiceContext<S>,
  loop: Loop,
  state: LoopBeatState,
  stopping: AbortSignal,
): Promise<number> {
  const starting = Promise.resolve(definition.start(context));
  await loop.beatWhile(starting);
  const running = await starting;
  let failure: { readonly error: unknown } | null = null;
  try {
    await loop.run(running, stopping);
  } catch (error) {
    failure = { error };
  }
  state.cover('draining');
  const drained = await drain(running, loop, context);
  state.cover('stopped');
  if (failure !== null) throw failure.error;
  return drained ? EXIT.ok : EXIT.failed;
}

async function drain(running: Work, loop: Loop, context: BootContext & { settings: Settings }) {
  const { log } = context;
  const { drainMs } = context.settings.times;
  let clean = true;
  const ended = Promise.resolve()
    .then(() => running.stop())
    .catch((error: unknown) => {
      clean = false;
      log.error('stop-failed', 'the service did not stop cleanly', { error: toError(error) });
    });
  const inTime = await loop.beatWhile(ended, drainMs).catch(() => false);
  if (!inTime) log.warn('drain-cut', `still busy after ${drainMs} ms`, { drainMs });
  return inTime && clean;
}

async function signOff<S extends ServiceStore>(door: StoreDoor<S>, boot: BootContext) {
  try {
    await door.opened?.instances.stopped(boot.instance);
  } catch (error) {
    boot.log.warn('sign-off-failed', 'the end could not be recorded', { error: toError(error) });
  }
  await door.close();
  boot.log.info('stopped', `${boot.name} stopped`);
}
