import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { NightshiftError, type Clock, type Delivery, type WatchStore } from '@nightshift/domain';
import { Connection } from './connection.ts';
import { WATCHDOG_DB, openDatabase } from './database.ts';
import { loadMigrations, migrate } from './migrate.ts';
import { acknowledge, apply, incident, incidents, openIncidents } from './watch/incidents.ts';
import { deliveriesOf, due, pending, updateDelivery } from './watch/deliveries.ts';
import { activeKill, killsSince, saveKill } from './watch/kills.ts';
import { recall, remember } from './watch/memory.ts';

/**
 * The watchdog's own memory: incidents, deliveries, kills, and the last good settings. It lives in
 * a file of its own, because the shared one may be locked, full or damaged exactly when something
 * has to be said about it. For the same reason a damaged file does not stop the watchdog: it is
 * moved aside and a new one begun, which costs a repeated alert, not a missing one.
 */
export async function openWatchStore(options: {
  readonly stateDir: string;
  readonly clock: Clock;
}): Promise<{
  readonly store: WatchStore;
  /** Where the damaged file went, to be said in an alert; null when there was none. */
  readonly movedAside: string | null;
}> {
  const { stateDir, clock } = options;
  try {
    return { store: createWatchStore(await openSound(stateDir, clock), clock), movedAside: null };
  } catch (error) {
    if (!isDamaged(error)) throw error;
  }
  const movedAside = moveAside(stateDir, clock.now());
  return { store: createWatchStore(await openSound(stateDir, clock), clock), movedAside };
}

/** What a command that only looks may ask. */
export type WatchReader = Pick<
  WatchStore,
  | 'openIncidents'
  | 'incidents'
  | 'incident'
  | 'deliveriesOf'
  | 'pending'
  | 'killsSince'
  | 'recall'
  | 'close'
>;

/**
 * Opens the watchdog's memory for reading. Never makes, migrates or moves anything.
 * @returns null when no watchdog has run here yet.
 */
export async function readWatchStore(options: {
  readonly stateDir: string;
  readonly clock: Clock;
}): Promise<WatchReader | null> {
  const { stateDir, clock } = options;
  if (!existsSync(join(stateDir, WATCHDOG_DB.file))) return null;
  const db = await openDatabase(WATCHDOG_DB, { stateDir, clock, mode: 'existing', readonly: true });
  return createWatchStore(db, clock);
}

/** What a person's command may change in the watchdog's memory. */
export interface WatchWriter extends WatchReader {
  /** False when the incident is not open. */
  ack(id: string, until: number, by: string): Promise<boolean>;
  /** Queues messages for the watchdog to deliver. */
  queue(deliveries: readonly Delivery[]): Promise<void>;
}

/**
 * Opens the watchdog's memory for a command that changes something in it. Never makes, migrates or
 * moves anything.
 * @returns null when no watchdog has run here yet.
 */
export async function writeWatchStore(options: {
  readonly stateDir: string;
  readonly clock: Clock;
}): Promise<WatchWriter | null> {
  const { stateDir, clock } = options;
  if (!existsSync(join(stateDir, WATCHDOG_DB.file))) return null;
  const db = await openDatabase(WATCHDOG_DB, { stateDir, clock, mode: 'existing' });
  return {
    ...createWatchStore(db, clock),
    ack: async (id, until, by) => db.write(() => acknowledge(db, id, until, by)),
    queue: async (deliveries) => db.write(() => apply(db, [], deliveries)),
  };
}

/** A memory that ends with the process, for when the file cannot be written. */
export async function memoryWatchStore(clock: Clock): Promise<WatchStore> {
  const db = new Connection({ file: ':memory:' });
  await migrate(db, loadMigrations(WATCHDOG_DB.name), WATCHDOG_DB.applicationId, clock);
  return createWatchStore(db, clock);
}

function createWatchStore(db: Connection, clock: Clock): WatchStore {
  return {
    openIncidents: async () => db.look(() => openIncidents(db)),
    incidents: async (limit) => db.read(() => incidents(db, limit)),
    incident: async (id) => db.read(() => incident(db, id)),
    apply: async (changed, deliveries, values = {}) =>
      db.write(() => {
        apply(db, changed, deliveries);
        for (const [name, value] of Object.entries(values)) remember(db, name, value);
      }),
    due: async (limit) => db.look(() => due(db, clock.now(), limit)),
    deliveriesOf: async (id) => db.read(() => deliveriesOf(db, id)),
    pending: async () => db.look(() => pending(db)),
    updateDelivery: async (seen, next) => db.write(() => updateDelivery(db, seen, next)),
    activeKill: async (service) => db.look(() => activeKill(db, service)),
    killsSince: async (at) => db.look(() => killsSince(db, at)),
    saveKill: async (kill) => db.write(() => saveKill(db, kill)),
    remember: async (name, value) => db.write(() => remember(db, name, value)),
    recall: async (name) => db.look(() => recall(db, name)),
    close: () => db.close(),
  };
}

async function openSound(stateDir: string, clock: Clock): Promise<Connection> {
  const db = await openDatabase(WATCHDOG_DB, { stateDir, clock, mode: 'create' });
  try {
    const verdict = await db.read(() => db.pragma('quick_check(1)'));
    if (verdict === 'ok') return db;
    throw new NightshiftError('database-corrupt', String(verdict), { at: db.file });
  } catch (error) {
    db.close();
    throw error;
  }
}

function isDamaged(error: unknown): boolean {
  return error instanceof NightshiftError && error.code === 'database-corrupt';
}

/** The log belongs to its database: left behind, it would be played into the new one. */
function moveAside(stateDir: string, now: number): string {
  const file = join(stateDir, WATCHDOG_DB.file);
  const aside = `${file}.corrupt-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  renameSync(file, aside);
  for (const suffix of ['-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  return aside;
}
