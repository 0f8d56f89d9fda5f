import { userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';
import {
  type Actor,
  type Clock,
  EXIT,
  NightshiftError,
  type Settings,
  systemClock,
} from '@nightshift/domain';
import {
  type Environment,
  type Registered,
  type StatePaths,
  configFileOf,
  loadSettings,
  processEnvironment,
  registeredInstallation,
  registeredStateDir,
  stateDir,
  stateDirToBe,
} from '@nightshift/lifecycle';
import { type Store, type WatchReader, openStore, readWatchStore } from '@nightshift/store';

/** Longest wait of a command for the database's lock, ms: a person is waiting too. */
const COMMAND_BUSY_MS = 3_000;

export interface InstallationRequest {
  /** `--config`, relative to `cwd`. */
  readonly config?: string | undefined;
  /** `--state-dir`, relative to `cwd`. */
  readonly stateDir?: string | undefined;
  readonly cwd: string;
  /**
   * The state folder may be missing: `migrateDatabases` will make it. Only `up`, `run`, `migrate` and
   * `start` may.
   */
  readonly create: boolean;
  readonly clock?: Clock;
  readonly environment?: Environment;
  readonly actor?: Actor;
  /** Longest wait for the database's lock, ms. */
  readonly busyTotalMs?: number;
  /** What was installed on this machine; default: what its registration says. */
  readonly registered?: Registered | null;
}

/**
 * One installation as an operator's command sees it. Everything is opened when it is first asked
 * for, so that `halt` works with a broken configuration and `check` without a database.
 */
export interface Installation {
  /** The configuration file; null when there is none and the built-in default holds. */
  readonly configFile: string | null;
  readonly paths: StatePaths;
  readonly clock: Clock;
  /** Without the `.env` of the configuration. */
  readonly environment: Environment;
  /** Who gives the orders: the user of this machine. */
  readonly actor: Actor;
  /** It was installed with `--without-alerts`: nobody may hear of trouble. */
  readonly withoutAlerts: boolean;
  /** @throws NightshiftError (78) with every mistake at once. */
  settings(): Promise<Settings>;
  /** With the `.env` of the configuration. @throws as {@link settings}. */
  fullEnvironment(): Promise<Environment>;
  /** The shared database, opened once. @throws NightshiftError (78 or 75). */
  store(): Promise<Store>;
  /** The watchdog's database, or null where it has never been made. */
  watchStore(): Promise<WatchReader | null>;
  /** Closes what was opened. Legal twice. */
  close(): Promise<void>;
}

/**
 * Finds the installation a command is about.
 *
 * @throws NightshiftError `config-missing`, `state-dir-missing`, `state-dir-unusable` (all 78).
 */
export function openInstallation(request: InstallationRequest): Installation {
  const { cwd, clock = systemClock, environment = processEnvironment() } = request;
  const busyTotalMs = request.busyTotalMs ?? COMMAND_BUSY_MS;
  const { registered = registeredInstallation() } = request;
  const configFile = configOf(request, registered);
  const place = {
    flag: request.stateDir,
    cwd,
    environment,
    registered: registeredStateDir(configFile, registered),
    configDir: configFile === null ? cwd : dirname(configFile),
  };
  const paths = request.create ? stateDirToBe(place) : stateDir({ ...place, create: false });
  const loaded = once(() =>
    loadSettings({ configFile: configFile ?? undefined, cwd, environment }),
  );
  const where = { stateDir: paths.dir, clock };
  const store = once(() => openStore({ ...where, mode: 'existing', busyTotalMs }));
  const watchStore = once(() => readWatchStore(where));
  return {
    configFile,
    paths,
    clock,
    environment,
    actor: request.actor ?? personHere(),
    withoutAlerts: registered?.withoutAlerts === true && registered.stateDir === paths.dir,
    settings: async () => (await loaded.get()).settings,
    fullEnvironment: async () => (await loaded.get()).environment,
    store: store.get,
    watchStore: watchStore.get,
    async close() {
      await store.end((it) => it.close());
      await watchStore.end((it) => it?.close());
    },
  };
}

/**
 * The configuration that was named or lies here, else that of this machine's installation: unless a
 * state folder was named, which may be another one's.
 */
function configOf(request: InstallationRequest, registered: Registered | null): string | null {
  const { config, cwd, stateDir: named, environment = processEnvironment() } = request;
  const own = configFileOf(config, cwd);
  if (own !== null || registered === null) return own;
  const state = named ?? environment.get('NIGHTSHIFT_STATE_DIR');
  const other = state !== undefined && resolve(cwd, state) !== registered.stateDir;
  return other ? null : registered.config;
}

/** The user of this machine who runs the command, for the audit. */
function personHere(): Actor {
  try {
    return { kind: 'person', name: userInfo().username };
  } catch {
    // A container may run as a number without a name.
    return { kind: 'person', name: `uid-${process.getuid?.() ?? 'unknown'}` };
  }
}

/**
 * Opens at the first call; `end` closes only what was opened. A failure is not kept: what is not
 * there at the first look may have been made by the second.
 */
function once<T>(open: () => Promise<T>): {
  readonly get: () => Promise<T>;
  end(close: (value: T) => void): Promise<void>;
} {
  let opened: Promise<T> | null = null;
  return {
    get: () =>
      (opened ??= open().catch((error: unknown) => {
        opened = null;
        throw error;
      })),
    async end(close) {
      const value = opened;
      opened = null;
      if (value !== null) await value.then(close, () => undefined);
    },
  };
}

/** A thing a person named is not there. @returns the error to throw (exit 1). */
export function notFound(what: string, id: string, fix: string): NightshiftError {
  return new NightshiftError('not-found', `there is no ${what} ${id}`, {
    at: id,
    fix,
    exitCode: EXIT.failed,
  });
}
