/**
 * The truth of the system, in two SQLite files, and the only importer of better-sqlite3.
 *
 * `connection.ts` opens a file, sets the pragmas and runs whole operations: `read(fn)` over one
 * snapshot, `write(fn)` as one BEGIN IMMEDIATE … COMMIT around a synchronous function, retried
 * without blocking the event loop while another process has the lock. `database.ts` and
 * `migrate.ts` bring a file to its schema or refuse it. Each aggregate is a file with `createX(db,
 * clock)` that returns its port from the domain; what a change must carry with it in the same
 * transaction (`appendEvent`, `appendAudit`, an inserted job) is a synchronous function beside it.
 * Nothing of the engine appears in a type that leaves the package, so that a second engine can
 * stand behind the same ports. The one exception is `@nightshift/store/tickets`, for packages/queue
 * alone.
 *
 * The write-ahead log: whoever commits writes it back once it holds a thousand pages, as SQLite
 * does by itself, and never waits for a reader. The scheduler does the rest in its idle passes,
 * once a minute (`retention.checkpoint`): it writes back what is left and cuts the file above 16
 * MB, and says so when a reader keeps it from that. The same passes prune (`retention.ts`).
 */
export { copyDatabase } from './backup/copy.ts';
export { inspectCopy } from './backup/inspect.ts';
export type { Inspection } from './backup/inspect.ts';
export { reconcileRestored } from './backup/reconcile.ts';
export type { Reconcile, Reconciled, RestoredSlots } from './backup/reconcile.ts';
export type { Charge } from './backup/unknown-spend.ts';
export { databaseSize, NIGHTSHIFT_DB, WATCHDOG_DB } from './database.ts';
export type { DatabaseKind, OpenMode } from './database.ts';
export { textHash } from './drafts/rows.ts';
export { createDrillStore } from './drills.ts';
export { EVENT_KINDS } from './event-kinds.ts';
export type { EventKind } from './event-kinds.ts';
export { createFactStore } from './facts.ts';
export { MARKER_FILE, readMarker } from './marker.ts';
export type { Marker } from './marker.ts';
export { openStore } from './open.ts';
export type { OpenStore, Store } from './open.ts';
export { memoryWatchStore, openWatchStore, readWatchStore, writeWatchStore } from './watch.ts';
export type { WatchReader, WatchWriter } from './watch.ts';
export { endedSince } from './facts/night.ts';
export type { Ended } from './facts/night.ts';
export { readNightFacts } from './facts/nights.ts';
export type { DayWindow, DueSlot, NightFacts, ServiceLife, Silence } from './facts/nights.ts';
export { LOCK_FILE, LOCK_WAIT_MS, lockWatch } from './watch-lock.ts';
export type { WatchLock } from './watch-lock.ts';
export { sqliteVersion } from './sqlite-version.ts';
