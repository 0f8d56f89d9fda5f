import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, NightshiftError, type Clock } from '@nightshift/domain';
import type { Connection } from './connection.ts';
import { NIGHTSHIFT_DB, databaseSize } from './database.ts';

/** Beside the database: says that there was one, so that a lost one is not replaced by a fresh budget. */
export const MARKER_FILE = 'state.json';

/** The marker's content. */
export interface Marker {
  readonly schema: 1;
  /** Id of this installation, also in the database. */
  readonly installation: string;
  readonly createdAt: number;
  readonly made: readonly string[];
}

/** The marker of a state folder, or null. A file that cannot be understood counts as a marker. */
export function readMarker(stateDir: string): Marker | 'unreadable' | null {
  let text: string;
  try {
    text = readFileSync(join(stateDir, MARKER_FILE), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : 'unreadable';
  }
  try {
    const marker = JSON.parse(text) as Marker | null;
    return typeof marker?.installation === 'string' ? marker : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

/**
 * Refuses a state folder whose database is gone.
 * @throws NightshiftError `database-missing` (exit 78).
 */
export function requireDatabaseOfMarker(stateDir: string): void {
  if (readMarker(stateDir) === null) return;
  const size = databaseSize(stateDir, NIGHTSHIFT_DB);
  if (size !== null && size > 0) return;
  const what = size === null ? 'is gone' : 'is empty';
  throw new NightshiftError('database-missing', `the database of this installation ${what}`, {
    at: join(stateDir, NIGHTSHIFT_DB.file),
    fix:
      `put a backup in its place; to begin again with nothing spent and nothing known, remove ` +
      `${MARKER_FILE} beside it`,
    exitCode: EXIT.config,
  });
}

/**
 * The id of this installation, made at the first call. The database holds it; the marker is written
 * after it, so that a crash between the two leaves a database without a marker, which the next
 * start completes, and never a marker without a database.
 */
export async function ensureInstallation(
  db: Connection,
  stateDir: string,
  clock: Clock,
): Promise<string> {
  const { installation, createdAt } = await installationOf(db, clock);
  if (readMarker(stateDir) === null) {
    const marker: Marker = { schema: 1, installation, createdAt, made: [NIGHTSHIFT_DB.file] };
    writeMarker(stateDir, marker);
  }
  return installation;
}

/** The id of an installation that exists. */
export async function readInstallation(db: Connection): Promise<string> {
  return db.read(() => metaValue(db, 'installation') ?? '');
}

async function installationOf(
  db: Connection,
  clock: Clock,
): Promise<{ installation: string; createdAt: number }> {
  const known = await db.read(() => readPair(db));
  if (known !== null) return known;
  return db.write(() => {
    const insert = 'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING';
    db.run(insert, ['installation', randomUUID()]);
    db.run(insert, ['created_at', String(clock.now())]);
    return readPair(db)!;
  });
}

function readPair(db: Connection): { installation: string; createdAt: number } | null {
  const installation = metaValue(db, 'installation');
  const createdAt = metaValue(db, 'created_at');
  if (installation === null || createdAt === null) return null;
  return { installation, createdAt: Number(createdAt) };
}

function metaValue(db: Connection, name: string): string | null {
  return db.one<{ value: string }>('SELECT value FROM meta WHERE name = ?', [name])?.value ?? null;
}

/** Whole or not at all: written beside, then renamed. Every process writes the same content. */
function writeMarker(stateDir: string, marker: Marker): void {
  const file = join(stateDir, MARKER_FILE);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(marker, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(draft, file);
}
