import { accessSync, constants, mkdirSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, NightshiftError } from '@nightshift/domain';
import type { Environment } from './environment.ts';

/** Where everything of one installation lies. The only place that knows these names. */
export interface StatePaths {
  readonly dir: string;
  readonly database: string;
  readonly watchdogDatabase: string;
  readonly stopFile: string;
  readonly logs: string;
  readonly reports: string;
  /** Working folders of attempts; emptied by the worker. */
  readonly scratch: string;
  /** Says that there has been a database here: a vanished one is not created again. */
  readonly marker: string;
  /** Node's cache of stripped and compiled modules; may be deleted at any time. */
  readonly compileCache: string;
}

/** The layout below a state folder. Touches nothing. */
export function statePaths(dir: string): StatePaths {
  return {
    dir,
    database: join(dir, 'nightshift.db'),
    watchdogDatabase: join(dir, 'watchdog.db'),
    stopFile: join(dir, 'STOP'),
    logs: join(dir, 'logs'),
    reports: join(dir, 'reports'),
    scratch: join(dir, 'scratch'),
    marker: join(dir, 'state.json'),
    compileCache: join(dir, 'compile-cache'),
  };
}

export interface StateDirRequest {
  /** `--state-dir`, relative to `cwd`. */
  readonly flag?: string | undefined;
  readonly cwd: string;
  readonly environment: Pick<Environment, 'get'>;
  /** State folder that was registered for the configuration, by `nightshift install`. */
  readonly registered?: string | undefined;
  /** Folder of the configuration. */
  readonly configDir: string;
  /** Only `init`, `install`, `up`, `run` and `npm start` may create one. */
  readonly create: boolean;
}

/**
 * The state folder: `--state-dir`, else `NIGHTSHIFT_STATE_DIR`, else the one that was registered,
 * else `.nightshift` beside the configuration (never beside the working folder: cron starts in the
 * home folder, and a second folder would be a second budget).
 *
 * @throws NightshiftError `state-dir-missing` (78) when it is not there and may not be created,
 * `state-dir-unusable` (78) when it is no folder, is another user's, or cannot be created.
 */
export function stateDir(request: StateDirRequest): StatePaths {
  const paths = placeOf(request);
  if (request.create) createStateDir(paths);
  else mustBeFolder(paths.dir);
  return paths;
}

/**
 * The state folder of {@link stateDir}, whether or not it is there yet: for a command that makes it
 * with {@link createStateDir} once it knows that nothing else is wrong.
 *
 * @throws NightshiftError `state-dir-unusable` (78) when something else is in its place.
 */
export function stateDirToBe(request: Omit<StateDirRequest, 'create'>): StatePaths {
  const paths = placeOf(request);
  if (look(paths.dir) !== undefined) mustBeFolder(paths.dir);
  return paths;
}

function placeOf(request: Omit<StateDirRequest, 'create'>): StatePaths {
  const { flag, environment, registered, configDir, cwd } = request;
  const named = flag ?? environment.get('NIGHTSHIFT_STATE_DIR') ?? registered;
  return statePaths(resolve(cwd, named ?? join(configDir, '.nightshift')));
}

/**
 * Makes a state folder with its folders, as far as they are missing.
 *
 * @throws NightshiftError `state-dir-unusable` (78).
 */
export function createStateDir(paths: StatePaths): void {
  try {
    // Only for this user: the database holds prompts and answers.
    mkdirSync(paths.dir, { recursive: true, mode: 0o700 });
    for (const dir of [paths.logs, paths.reports, paths.scratch]) {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
    }
  } catch (cause) {
    throw new NightshiftError(
      'state-dir-unusable',
      `the state folder cannot be created: ${(cause as Error).message}`,
      { at: paths.dir, fix: 'name another with --state-dir', exitCode: EXIT.config, cause },
    );
  }
}

function mustBeFolder(dir: string): void {
  const stat = look(dir);
  if (stat === undefined) {
    throw new NightshiftError('state-dir-missing', 'there is no state folder here', {
      at: dir,
      fix: 'create one with nightshift init, or name yours with --state-dir',
      exitCode: EXIT.config,
    });
  }
  if (!stat.isDirectory()) {
    throw unusable(dir, 'the state folder is not a folder', 'name another with --state-dir');
  }
  if (!mayEnter(dir)) {
    const message = `the state folder may not be read by this user; it is of user ${stat.uid}`;
    throw unusable(dir, message, AS_ITS_USER);
  }
}

const AS_ITS_USER = 'run it as the user of the services, such as with sudo -u';

function look(dir: string): Stats | undefined {
  try {
    return statSync(dir, { throwIfNoEntry: false });
  } catch (cause) {
    const message = `the state folder cannot be looked at: ${(cause as Error).message}`;
    throw unusable(dir, message, AS_ITS_USER);
  }
}

function mayEnter(dir: string): boolean {
  try {
    accessSync(dir, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function unusable(at: string, message: string, fix: string): NightshiftError {
  return new NightshiftError('state-dir-unusable', message, { at, fix, exitCode: EXIT.config });
}
