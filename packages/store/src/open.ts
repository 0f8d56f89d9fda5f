import type { AuditStore, BreakerStore, Clock, ControlStore, DraftStore } from '@nightshift/domain';
import type {
  EventStore,
  InstanceStore,
  JobStore,
  Ledger,
  ReportStore,
  RetentionStore,
  SlotStore,
} from '@nightshift/domain';
import { createAuditStore } from './audit.ts';
import { createBreakerStore } from './breakers.ts';
import type { Connection } from './connection.ts';
import { createControlStore } from './control.ts';
import { NIGHTSHIFT_DB, openDatabase, type OpenMode } from './database.ts';
import { createDraftStore } from './drafts.ts';
import { createEventStore } from './events.ts';
import { createInstanceStore } from './instances.ts';
import { createJobStore } from './jobs.ts';
import { createLedger } from './ledger.ts';
import { ensureInstallation, readInstallation, requireDatabaseOfMarker } from './marker.ts';
import { createReportStore } from './reports.ts';
import { createRetentionStore } from './retention.ts';
import { createSlotStore } from './slots.ts';
import { rememberConnection } from './store-connection.ts';

/**
 * Everything the shared database can do, as whole operations. The watchdog's facts are read over it
 * with `createFactStore(store, stopFile)`, because they also say whether the STOP file is there.
 */
export interface Store {
  readonly stateDir: string;
  /** Id of this installation, the same for every process that opens this folder. */
  readonly installation: string;
  readonly jobs: JobStore;
  readonly slots: SlotStore;
  readonly control: ControlStore;
  readonly instances: InstanceStore;
  readonly reports: ReportStore;
  readonly events: EventStore;
  readonly audit: AuditStore;
  readonly ledger: Ledger;
  readonly breakers: BreakerStore;
  readonly retention: RetentionStore;
  readonly drafts: DraftStore;
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
    jobs: createJobStore(db, clock),
    slots: createSlotStore(db, clock),
    control: createControlStore(db, clock),
    instances: createInstanceStore(db, clock),
    reports: createReportStore(db, clock),
    events: createEventStore(db, clock),
    audit: createAuditStore(db, clock),
    ledger: createLedger(db, clock),
    breakers: createBreakerStore(db, clock),
    retention: createRetentionStore(db, clock),
    drafts: createDraftStore(db, clock),
    close: () => db.close(),
  };
  rememberConnection(store, { db, clock });
  return store;
}
