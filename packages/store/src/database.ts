import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, NightshiftError, toError, type Clock } from '@nightshift/domain';
import { Connection } from './connection.ts';
import { loadMigrations, migrate, refuseNewer, schemaState } from './migrate.ts';

/** One of the two databases: its file, its folder of migrations, and what marks it as ours. */
export interface DatabaseKind {
  readonly name: 'nightshift' | 'watchdog';
  readonly file: string;
  /** `PRAGMA application_id`: four letters, so that file(1) and other programs can tell. */
  readonly applicationId: number;
}

/** The shared database. Application id `NSHF`. */
export const NIGHTSHIFT_DB: DatabaseKind = {
  name: 'nightshift',
  file: 'nightshift.db',
  applicationId: 0x4e534846,
};
/** The watchdog's own. Application id `NSWD`. */
export const WATCHDOG_DB: DatabaseKind = {
  name: 'watchdog',
  file: 'watchdog.db',
  applicationId: 0x4e535744,
};

/**
 * `create` makes folder and file where they are missing and migrates; `migrate` migrates what is
 * there; `existing` takes it as it is.
 */
export type OpenMode = 'create' | 'migrate' | 'existing';

export interface OpenDatabase {
  readonly stateDir: string;
  readonly mode: OpenMode;
  readonly clock: Clock;
  /** For commands that only read; with mode `existing`. */
  readonly readonly?: boolean;
  readonly busyTotalMs?: number;
}

/**
 * Opens one database of a state folder, after looking at everything that would make it unsafe.
 * @throws NightshiftError, all with exit 78: `state-not-writable`, `state-missing`, `sqlite-old`,
 * `not-our-database`, `database-corrupt`, `schema-older`, `schema-newer`.
 */
export async function openDatabase(kind: DatabaseKind, options: OpenDatabase): Promise<Connection> {
  const file = join(options.stateDir, kind.file);
  const readonly = options.readonly ?? false;
  if (options.mode === 'create') makeFile(file);
  if (!isFile(file)) throw stateMissing(options.stateDir, file);
  if (!readonly) requireWritable(file);
  const { busyTotalMs } = options;
  const db = new Connection({
    file,
    readonly,
    ...(busyTotalMs === undefined ? {} : { busyTotalMs }),
  });
  try {
    await prepare(db, kind, options);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Size of the database file in bytes; null when there is none. */
export function databaseSize(stateDir: string, kind: DatabaseKind): number | null {
  return statSync(join(stateDir, kind.file), { throwIfNoEntry: false })?.size ?? null;
}

/**
 * The write-ahead log of SQLite before 3.51.3 can lose a commit when it is reset while another
 * process writes (fixed in 3.51.3, see https://sqlite.org/changes.html).
 * @throws NightshiftError `sqlite-old`.
 */
export function requireSqlite(version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major * 1_000_000 + minor * 1_000 + patch >= 3_051_003) return;
  throw new NightshiftError('sqlite-old', `SQLite ${version} can lose commits; 3.51.3 is needed`, {
    fix: 'install the dependencies again with the versions of the lockfile',
    exitCode: EXIT.config,
  });
}

async function prepare(db: Connection, kind: DatabaseKind, options: OpenDatabase): Promise<void> {
  await db.read(() => {
    requireSqlite(db.one<{ version: string }>('SELECT sqlite_version() AS version')!.version);
    requireOurs(db, kind);
  });
  await db.configure();
  const migrations = loadMigrations(kind.name);
  if (options.mode !== 'existing') {
    await migrate(db, migrations, kind.applicationId, options.clock);
    return;
  }
  const state = await schemaState(db);
  refuseNewer(state, migrations.length, db.file);
  if (state.number < migrations.length) throw schemaOlder(db.file, state.number, migrations.length);
}

/** An empty file is nobody's yet; anything else must carry our mark. */
function requireOurs(db: Connection, kind: DatabaseKind): void {
  if (db.pragma('application_id') === kind.applicationId) return;
  const { tables } = db.one<{ tables: number }>('SELECT count(*) AS tables FROM sqlite_schema')!;
  if (tables === 0 && db.pragma('application_id') === 0 && db.pragma('user_version') === 0) return;
  throw new NightshiftError('not-our-database', 'the file is a database of another program', {
    at: db.file,
    fix: 'choose another state folder with --state-dir, or move the file away',
    exitCode: EXIT.config,
  });
}

/** Makes the folder (0700) and an empty file (0600) unless they are there; SQLite would use 0644. */
function makeFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Exclusive: a file that exists is never opened here, because closing any descriptor of a
    // database drops the locks this process holds on it.
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFile(file)) {
      throw notWritable(dirname(file), error);
    }
  }
}

function requireWritable(file: string): void {
  for (const path of [dirname(file), file]) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
    } catch (error) {
      throw notWritable(path, error);
    }
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}

function notWritable(path: string, cause: unknown): NightshiftError {
  const detail = toError(cause).message;
  return new NightshiftError(
    'state-not-writable',
    `the state folder cannot be written (${detail})`,
    {
      at: path,
      fix: 'give its owner the right to write there, or choose another with --state-dir',
      exitCode: EXIT.config,
      cause,
    },
  );
}

function stateMissing(stateDir: string, file: string): NightshiftError {
  return new NightshiftError('state-missing', `there is no Nightshift state in ${stateDir}`, {
    at: file,
    fix: 'start it once with `nightshift up`, or name the right folder with --state-dir',
    exitCode: EXIT.config,
  });
}

function schemaOlder(file: string, number: number, known: number): NightshiftError {
  const message =
    number === 0
      ? 'the database has no schema yet'
      : `the database has schema ${number}, this program needs ${known}`;
  return new NightshiftError('schema-older', message, {
    at: file,
    fix: 'run `nightshift migrate`',
    exitCode: EXIT.config,
  });
}
