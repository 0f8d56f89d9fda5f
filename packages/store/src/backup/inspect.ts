import { EXIT, NightshiftError } from '@nightshift/domain';
import { Connection } from '../connection.ts';
import type { DatabaseKind } from '../database.ts';
import { loadMigrations, refuseNewer, schemaState } from '../migrate.ts';

/** What a copy of a database holds. */
export interface Inspection {
  /** Number of its newest migration. */
  readonly schema: number;
  /** Oldest schema number a program must know to use it. */
  readonly minReader: number;
  /** Rows of each table. */
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Reads every page of a copy and counts what is in it. Changes nothing.
 * @throws NightshiftError `backup-damaged` (78) when SQLite finds anything wrong or it is a database
 * of something else, `schema-newer` (78) when this program may not use it.
 */
export async function inspectCopy(kind: DatabaseKind, file: string): Promise<Inspection> {
  const db = openCopy(file);
  try {
    requireSound(db, kind);
    const { number, minReader } = await schemaState(db);
    refuseNewer({ number, minReader }, loadMigrations(kind.name).length, file);
    return { schema: number, minReader, rows: await db.read(() => countRows(db)) };
  } finally {
    db.close();
  }
}

function openCopy(file: string): Connection {
  try {
    return new Connection({ file, readonly: true });
  } catch (cause) {
    throw damaged(file, 'it cannot be opened', cause);
  }
}

function requireSound(db: Connection, kind: DatabaseKind): void {
  let verdict: unknown;
  try {
    if (db.pragma('application_id') !== kind.applicationId) verdict = 'not a database of this kind';
    else verdict = db.pragma('integrity_check(1)');
  } catch (cause) {
    throw damaged(db.file, 'it cannot be read', cause);
  }
  if (verdict !== 'ok') throw damaged(db.file, String(verdict));
  if (db.all('PRAGMA foreign_key_check').length > 0) {
    throw damaged(db.file, 'rows point to rows that are not there');
  }
}

function countRows(db: Connection): Record<string, number> {
  const names = db.all<{ name: string }>(TABLES).map((it) => it.name);
  const count = (name: string): number =>
    db.one<{ n: number }>(`SELECT count(*) AS n FROM "${name.replaceAll('"', '""')}"`)!.n;
  return Object.fromEntries(names.map((name) => [name, count(name)]));
}

function damaged(file: string, why: string, cause?: unknown): NightshiftError {
  return new NightshiftError('backup-damaged', `the copy of a database is damaged: ${why}`, {
    at: file,
    fix: 'use another backup',
    exitCode: EXIT.config,
    cause,
  });
}

const TABLES = `
  SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`;
