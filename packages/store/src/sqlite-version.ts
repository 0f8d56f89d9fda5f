import Database from 'better-sqlite3';

/** The SQLite that is loaded here, as `3.51.3`: not the one of the machine, and not Node's own. */
export function sqliteVersion(): string {
  const db = new Database(':memory:');
  try {
    return db.prepare<[], { version: string }>('SELECT sqlite_version() AS version').get()!.version;
  } finally {
    db.close();
  }
}
