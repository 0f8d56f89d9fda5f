import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { EXIT, NightshiftError, type Clock } from '@nightshift/domain';
import type { Connection } from './connection.ts';

/**
 * Forward-only migrations: `migrations/<database>/NNNN-name.sql`, applied in order, each in one
 * immediate transaction together with its row in `migrations`, `user_version` and `application_id`.
 * Any number of processes may start at once: the one that gets the lock does it, the others see the
 * row. A file says `-- min-reader: N` when programs that know only schema N may still use the
 * result; without that line only programs that know the file itself may.
 */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
  /** Oldest schema number a program must know to read and write the result. */
  readonly minReader: number;
}

/** Where a database stands. `number` 0 is a file without a schema. */
export interface SchemaState {
  readonly number: number;
  readonly minReader: number;
}

/**
 * The migrations of a database, in order.
 * @throws NightshiftError `migrations-broken` when numbers are not 1, 2, 3 …: each is used once.
 */
export function loadMigrations(database: string): readonly Migration[] {
  const dir = new URL(`../migrations/${database}/`, import.meta.url);
  const files = readdirSync(dir).filter((it) => it.endsWith('.sql'));
  const migrations = files
    .toSorted()
    .map((it) => parse(it, readFileSync(new URL(it, dir), 'utf8')));
  if (migrations.some((it, index) => it.number !== index + 1)) {
    const message = `migrations of ${database} are not numbered 1, 2, 3 …: ${files.join(', ')}`;
    throw new NightshiftError('migrations-broken', message);
  }
  return migrations;
}

/** Where the database stands, in one snapshot. */
export async function schemaState(db: Connection): Promise<SchemaState> {
  return db.read(() => readState(db));
}

/**
 * Brings the database to the newest schema.
 * @returns the numbers this process applied; empty when it was up to date or another process did
 * it.
 * @throws NightshiftError `schema-newer` (exit 78) when the database is beyond this program.
 */
export async function migrate(
  db: Connection,
  migrations: readonly Migration[],
  applicationId: number,
  clock: Clock,
): Promise<readonly number[]> {
  const applied: number[] = [];
  for (const migration of migrations) {
    if (await apply(db, migration, applicationId, clock)) applied.push(migration.number);
  }
  refuseNewer(await schemaState(db), migrations.length, db.file);
  return applied;
}

/** @throws NightshiftError `schema-newer` when a program that knows `known` may not use it. */
export function refuseNewer(state: SchemaState, known: number, file: string): void {
  if (state.minReader <= known) return;
  throw new NightshiftError(
    'schema-newer',
    `the database has schema ${state.number}, which needs a program that knows schema ` +
      `${state.minReader}; this one knows ${known}`,
    { at: file, fix: 'start the newer version of Nightshift again', exitCode: EXIT.config },
  );
}

async function apply(
  db: Connection,
  migration: Migration,
  applicationId: number,
  clock: Clock,
): Promise<boolean> {
  return db.write(() => {
    db.exec(MIGRATIONS_TABLE);
    if (readState(db).number >= migration.number) return false;
    db.run(
      `INSERT INTO migrations (number, name, sha256, applied_at, min_reader)
       VALUES (:number, :name, :sha256, :at, :minReader)`,
      {
        number: migration.number,
        name: migration.name,
        sha256: migration.sha256,
        at: clock.now(),
        minReader: migration.minReader,
      },
    );
    db.exec(migration.sql);
    db.pragma(`user_version = ${migration.number}`);
    db.pragma(`application_id = ${applicationId}`);
    return true;
  });
}

function readState(db: Connection): SchemaState {
  const table = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'`;
  if (db.one(table) === undefined) return { number: 0, minReader: 0 };
  return db.one<SchemaState>(
    `SELECT coalesce(max(number), 0) AS number, coalesce(max(min_reader), 0) AS minReader
     FROM migrations`,
  )!;
}

function parse(file: string, sql: string): Migration {
  const match = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file);
  if (match === null) {
    throw new NightshiftError('migrations-broken', `${file} is not named NNNN-name.sql`);
  }
  const number = Number(match[1]);
  const minReader = /^-- min-reader: (\d+)$/m.exec(sql);
  return {
    number,
    name: match[2]!,
    sql,
    sha256: createHash('sha256').update(sql).digest('hex'),
    minReader: minReader === null ? number : Number(minReader[1]),
  };
}

const MIGRATIONS_TABLE = `
  CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at INTEGER NOT NULL,
    min_reader INTEGER NOT NULL
  ) STRICT`;
