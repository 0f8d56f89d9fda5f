import RawSqlite from 'better-sqlite3';

/** better-sqlite3 without anything around it. */
export type Raw = RawSqlite.Database;

/** The library alone, as the limit to compare with, and with the durability of our store. */
export function openRaw(file: string): Raw {
  const raw = new RawSqlite(file);
  raw.pragma('journal_mode = WAL');
  raw.pragma('synchronous = FULL');
  return raw;
}

/** @throws Error unless every commit waits for the disk: otherwise nothing here is comparable. */
export function requireFullSync(database: Raw, whose: string): void {
  const synchronous = database.pragma('synchronous', { simple: true });
  if (synchronous !== 2)
    throw new Error(`${whose} runs with synchronous = ${String(synchronous)}, not 2`);
}
