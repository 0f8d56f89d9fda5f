import type { Connection } from '../connection.ts';

/** Keeps a small value under a name. */
export function remember(db: Connection, name: string, value: string): void {
  db.run(
    `INSERT INTO memory (name, value) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    [name, value],
  );
}

export function recall(db: Connection, name: string): string | null {
  return (
    db.one<{ value: string }>('SELECT value FROM memory WHERE name = ?', [name])?.value ?? null
  );
}
