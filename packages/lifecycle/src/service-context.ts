import type { Clock, ControlStore, InstanceStore, ServiceName, Settings } from '@nightshift/domain';
import type { BeatState } from './beats.ts';
import type { Environment } from './environment.ts';
import type { HaltWatch } from './halt-watch.ts';
import type { Log } from './logger.ts';
import type { ServiceArgs } from './service-args.ts';
import type { StatePaths } from './state-dir.ts';

/** What the lifecycle itself needs of a store; a service's own store has more. */
export interface ServiceStore {
  readonly instances: InstanceStore;
  readonly control: ControlStore;
  close(): void | Promise<void>;
}

/** What exists before the settings: enough to open a store, or to find the last good settings. */
export interface BootContext {
  readonly name: ServiceName;
  /** Id of this life of the service. */
  readonly instance: string;
  readonly cwd: string;
  readonly args: ServiceArgs;
  readonly paths: StatePaths;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
}

/** Everything a service gets to work with. */
export interface ServiceContext<S extends ServiceStore> extends BootContext {
  readonly settings: Settings;
  /**
   * Why the settings are the last good ones instead of the file's; null when they are the file's.
   */
  readonly settingsError: Error | null;
  /**
   * The open store. In a resilient service it may be missing: use {@link tryStore} there.
   * @throws NightshiftError `database-unusable` while it is missing.
   */
  readonly store: S;
  /** The store, opened now if it could not be opened before; null while it cannot be. */
  tryStore(): Promise<S | null>;
  /** Why {@link tryStore} last gave null. */
  readonly storeError: Error | null;
  readonly halt: HaltWatch;
  /** What the next beat says. Call `progress()` for each piece of work that moved. */
  readonly beat: BeatState;
  /** Ends the loop's sleep: something is to be done now. */
  wake(): void;
  /** Asks this service to drain and end, as SIGTERM does (`--only` when its job is over). */
  requestStop(): void;
  /** Aborted when the service begins to drain. */
  readonly stopping: AbortSignal;
}

/** The work of a service. Its passes are called one at a time, never while it is halted. */
export interface Work {
  /**
   * One bounded pass.
   *
   * It must not wait for long work (a job, a delivery): the beat comes from the same loop, so a
   * pass that lasts longer than `silentMs` is a wedged service.
   *
   * @returns how long to sleep before the next pass, ms; `wake()` cuts it short.
   */
  poll(): Promise<number>;
  /**
   * Ends what is in flight and returns when nothing runs any more. Called once when the service
   * stops; beats go on meanwhile. After `drainMs` the process ends without it.
   */
  stop(): Promise<void>;
  /** Halt begins: end what is in flight. Called once per halt; beats go on meanwhile. */
  halted?(): Promise<void>;
}

/** A service as {@link runService} runs it. */
export interface ServiceDefinition<S extends ServiceStore> {
  readonly name: ServiceName;
  openStore(boot: BootContext & { readonly settings: Settings }): Promise<S> | S;
  start(context: ServiceContext<S>): Promise<Work> | Work;
  /** Checks an expression beyond its shape; null when it is fine. */
  readonly checkCron?: (expression: string, timezone: string) => string | null;
  /** Work that goes on during a halt: the watchdog still has to tell people. Default false. */
  readonly worksWhileHalted?: boolean;
  /**
   * For the watchdog alone: it comes up on its last good settings when the configuration is broken,
   * without a store when the database is unusable, and an unwritable beat does not end it.
   */
  readonly resilient?: {
    loadLastGood(boot: BootContext): Promise<Settings | null> | Settings | null;
    saveLastGood(boot: BootContext, settings: Settings): Promise<void> | void;
  };
  /** May create the state folder. Default false. */
  readonly createStateDir?: boolean;
}
