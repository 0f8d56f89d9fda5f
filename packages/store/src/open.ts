import type { AuditStore, Clock, EventStore } from '@nightshift/domain';
import { createAuditStore } from './audit.ts';
import type { Connection } from './connection.ts';
import { NIGHTSHIFT_DB, openDatabase, type OpenMode } from './database.ts';
import { createEventStore } from './events.ts';
import { ensureInstallation, readInstallation, requireDatabaseOfMarker } from './marker.ts';
import { rememberConnection } from './store-connection.ts';

/** Everything the shared database can do, as whole operations. */
export interface Store {
  readonly stateDir: string;
  /** Id of this installation, the same for every process that opens this folder. */
  readonly installation: string;
  readonly events: EventStore;
  readonly audit: AuditStore;
  /** Closes the file. Twice is fine. */
  close(): void;
}

export interface OpenStore {
  /** Absolute path of the state folder. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly mode: OpenMode;
  /** For commands that only read; with mode `existing`. */
  readonly readonly?: boolean;
  /** Longest total wait for the write lock, ms. */
  readonly busyTotalMs?: number;
}

/**
 * Opens the shared database of a state folder.
 * @throws NightshiftError with exit 78 and the next step: everything `openDatabase` refuses, and
 * `database-missing` where the marker says that there was a database.
 */
export async function openStore(options: OpenStore): Promise<Store> {
  const { stateDir, clock } = options;
  requireDatabaseOfMarker(stateDir);
  const db = await openDatabase(NIGHTSHIFT_DB, options);
  try {
    const installation =
      options.mode === 'existing'
        ? await readInstallation(db)
        : await ensureInstallation(db, stateDir, clock);
    return assemble(db, { stateDir, clock, installation });
  } catch (error) {
    db.close();
    throw error;
  }
}

function assemble(
  db: Connection,
  facts: { stateDir: string; clock: Clock; installation: string },
): Store {
  const { clock, stateDir, installation } = facts;
  const store: Store = {
    stateDir,
    installation,
    events: createEventStore(db, clock),
    audit: createAuditStore(db, clock),
    close: () => db.close(),
  };
  rememberConnection(store, db);
  return store;
}
