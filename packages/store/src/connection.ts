import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { BUSY_WAIT_MS, NightshiftError, systemClock } from '@nightshift/domain';
import { isBusy, toStoreError } from './sqlite-errors.ts';

/** How long one operation may wait for the write lock in all, ms, before it fails. */
export const BUSY_TOTAL_MS = 10_000;
/** Tries for the lock a millisecond apart: who waits behind a crowd is served within them. */
const QUICK_TRIES = 40;
/** Longest pause between later tries, ms, drawn from 1 on: somebody holds the lock for long. */
const BUSY_PAUSE_MAX_MS = 25;
/** How long a process that had to wait for the lock counts the database as crowded, ms. */
const CROWDED_MS = 50;
/** Longest time for which it then leaves the lock to the others after a write of its own, ms. */
const GIVE_WAY_MAX_MS = 2;
/** Bytes to which the write-ahead log is cut back once it has been checkpointed. */
const WAL_SIZE_LIMIT = 64 * 1024 * 1024;
/** A log larger than this is emptied at the next checkpoint that finds it idle, bytes. */
const WAL_TRUNCATE_BYTES = 16 * 1024 * 1024;
/** Pages of the log that are not in the database yet, from which on they are written there. */
const WAL_BACKLOG_PAGES = 1_000;
/** Pages of a log that always had writers, from which on it is made to begin anew. */
const WAL_RESTART_PAGES = 3_000;
/** Where SQLite itself would write the log back, inside somebody's commit: behind all of ours. */
const WAL_LAST_RESORT_PAGES = 16_000;
/** Writes of one process from one look at the log to the next; at the latest, without a pause. */
const WAL_LOOK_WRITES = 8;
const WAL_LOOK_AT_LEAST_WRITES = 64;
/** Page cache of one connection, KiB. */
const CACHE_KIB = 8 * 1024;

/** What a statement takes and gives. Booleans are stored as 0 and 1 by the caller. */
export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlParams = readonly SqlValue[] | Readonly<Record<string, SqlValue>>;

interface WalRow {
  readonly busy: 0 | 1;
  /** Pages in the log, and how many of them are in the database by now; -1 without a log. */
  readonly log: number;
  readonly checkpointed: number;
}

export interface ConnectionOptions {
  readonly file: string;
  readonly readonly?: boolean;
  /** Total wait for the write lock; default {@link BUSY_TOTAL_MS}. */
  readonly busyTotalMs?: number;
}

/**
 * One connection to one database file, and the only place that knows better-sqlite3.
 *
 * `one`, `all` and `run` are synchronous and belong inside the function given to `read` or `write`.
 * That function must be synchronous and touch nothing but the database: it runs again from the
 * start when the lock was taken. Writes of one process queue behind each other, so that only one of
 * them ever waits for another process's lock, and a later version may put several in one commit.
 */
export class Connection {
  readonly file: string;
  readonly #db: Database.Database;
  readonly #busyTotalMs: number;
  readonly #statements = new Map<string, Database.Statement>();
  #lastWrite: Promise<unknown> = Promise.resolve();
  #wroteAt = Number.NEGATIVE_INFINITY;
  #unlookedWrites = 0;
  /** The last time a write had to wait: when, and for how long. */
  #crowd = { at: Number.NEGATIVE_INFINITY, waitedMs: 0 };

  /** Opens the file, which must exist, without changing a byte of it. */
  constructor(options: ConnectionOptions) {
    this.file = options.file;
    this.#busyTotalMs = options.busyTotalMs ?? BUSY_TOTAL_MS;
    try {
      this.#db = new Database(options.file, {
        readonly: options.readonly ?? false,
        fileMustExist: true,
        timeout: BUSY_WAIT_MS,
      });
    } catch (error) {
      throw toStoreError(error, options.file);
    }
  }

  /** The library's own handle, for the tickets alone. */
  get handle(): Database.Database {
    return this.#db;
  }

  /**
   * Sets what every connection has. Comes after the file was recognised as ours, because the
   * journal mode is written into it.
   */
  async configure(): Promise<void> {
    this.pragma('foreign_keys = ON');
    this.pragma('trusted_schema = OFF');
    this.pragma('temp_store = MEMORY');
    this.pragma(`cache_size = -${CACHE_KIB}`);
    if (this.#db.readonly) return;
    // SQLite does not wait for the lock here, so a second process that starts at the same moment
    // would fail without the retry.
    await this.#retry(() => {
      if (this.pragma('journal_mode') !== 'wal') this.pragma('journal_mode = WAL');
    });
    this.pragma('synchronous = FULL');
    this.pragma(`journal_size_limit = ${WAL_SIZE_LIMIT}`);
    this.pragma(`wal_autocheckpoint = ${WAL_LAST_RESORT_PAGES}`);
  }

  /** First row, or undefined. The caller names the row's shape, as in `one<JobRow>(…)`. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  one<Row>(sql: string, params: SqlParams = []): Row | undefined {
    return this.#prepare(sql).get(...bind(params)) as Row | undefined;
  }

  /** All rows. */
  all<Row>(sql: string, params: SqlParams = []): Row[] {
    return this.#prepare(sql).all(...bind(params)) as Row[];
  }

  /** Runs one statement. @returns how many rows it changed: compare it with what was meant. */
  run(sql: string, params: SqlParams = []): number {
    return this.#prepare(sql).run(...bind(params)).changes;
  }

  /** Runs a script of several statements, as migrations are. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** A pragma's value, or sets it. */
  pragma(source: string): unknown {
    return this.#db.pragma(source, { simple: true });
  }

  /** Runs `operation` over one snapshot. Never holds the snapshot beyond it. */
  async read<T>(operation: () => T): Promise<T> {
    return this.#retry(() => this.#transaction('BEGIN', operation));
  }

  /**
   * Runs a single statement, which is a snapshot of its own and needs no transaction around it: for
   * what is asked again and again by somebody idle.
   */
  async look<T>(statement: () => T): Promise<T> {
    return this.#retry(statement);
  }

  /**
   * Runs `operation` as one BEGIN IMMEDIATE … COMMIT: all of it, or nothing.
   * @throws NightshiftError `database-busy` (retryable) when the lock stayed taken for the total
   * wait; `disk-full`, `database-read-only`, `database-corrupt`, `database-io`; and whatever
   * `operation` throws, after a rollback.
   */
  async write<T>(operation: () => T): Promise<T> {
    const since = systemClock.monotonic();
    const before = this.#lastWrite;
    const mine = before.then(async () => {
      await this.#giveWay();
      const result = await this.#retry(
        () => this.#transaction('BEGIN IMMEDIATE', operation),
        since,
      );
      this.#wroteAt = systemClock.monotonic();
      this.#lookAfterLog();
      return result;
    });
    this.#lastWrite = mine.catch(() => undefined);
    return mine;
  }

  /**
   * Writes the log back as far as no reader needs it, and empties the file once it is larger than
   * {@link WAL_TRUNCATE_BYTES}. Waits for nobody but the lock, and for that no longer than any
   * write.
   * @returns the bytes of the log, and whether somebody kept it from being written back whole.
   */
  async checkpoint(): Promise<{ readonly bytes: number; readonly busy: boolean }> {
    return this.#retry(() => {
      const passive = this.#checkpoint('PASSIVE');
      // Written back does not mean smaller: the file keeps its size until it is cut.
      if (passive.busy || passive.bytes <= WAL_TRUNCATE_BYTES) return passive;
      return this.#checkpoint('TRUNCATE');
    });
  }

  /** Closes the file. Closing twice is fine; an operation after it fails. */
  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  /** Once the answer is on its way, if the loop ever turns: the caller has not asked for this. */
  #lookAfterLog(): void {
    this.#unlookedWrites++;
    if (this.#unlookedWrites >= WAL_LOOK_AT_LEAST_WRITES) this.#tendLog();
    else if (this.#unlookedWrites === WAL_LOOK_WRITES) setImmediate(() => this.#tendLog()).unref();
  }

  /**
   * Writes the log back when enough of it waits. SQLite would do that inside the commit that made
   * it too long, and where processes write all the time inside every commit after that one: a log
   * begins anew only when it was written back whole and nobody wrote since.
   */
  #tendLog(): void {
    this.#unlookedWrites = 0;
    if (!this.#db.open) return;
    try {
      const { log, checkpointed } = this.#wal('NOOP');
      if (log - checkpointed < WAL_BACKLOG_PAGES) return;
      const after = this.#wal('PASSIVE');
      // Holds the write lock, but only for the little that was written since.
      if (after.busy === 0 && after.log >= WAL_RESTART_PAGES) this.#wal('RESTART');
    } catch {
      // The next write will meet what was wrong, and has somebody to tell.
    }
  }

  #wal(mode: 'NOOP' | 'PASSIVE' | 'RESTART' | 'TRUNCATE'): WalRow {
    return this.one<WalRow>(`PRAGMA wal_checkpoint(${mode})`)!;
  }

  #checkpoint(mode: 'PASSIVE' | 'TRUNCATE'): { bytes: number; busy: boolean } {
    const { busy, log, checkpointed } = this.#wal(mode);
    const bytes = statSync(`${this.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    return { bytes, busy: busy === 1 || checkpointed < log };
  }

  #transaction<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', operation: () => T): T {
    this.run(begin);
    try {
      const result = operation();
      if (result instanceof Promise) throw new TypeError('a transaction cannot wait for a promise');
      this.run('COMMIT');
      return result;
    } catch (error) {
      // A full disk and its like have rolled back already.
      if (this.#db.open && this.#db.inTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * SQLite keeps no queue for its lock: a process that writes again at once finds the lock free,
   * and the others asleep, a hundred times in a row. So one that had to wait itself a moment ago
   * waits after its own write too, the longer the longer it had to; alone it never does.
   */
  async #giveWay(): Promise<void> {
    const now = systemClock.monotonic();
    if (now - this.#crowd.at > CROWDED_MS) return;
    const pauseMs = Math.min(GIVE_WAY_MAX_MS, this.#crowd.waitedMs / 2) - (now - this.#wroteAt);
    if (pauseMs > 0) await sleep(pauseMs);
  }

  /**
   * Tries until the lock is free. Each try blocks the event loop for BUSY_WAIT_MS at most.
   * The wait is measured on the machine's own clock: a lock is held in real time.
   */
  async #retry<T>(work: () => T, since = systemClock.monotonic()): Promise<T> {
    for (let tries = 0; ; tries++) {
      if (!this.#db.open) throw closed(this.file);
      try {
        return work();
      } catch (error) {
        const at = systemClock.monotonic();
        const waitedMs = at - since;
        if (!isBusy(error) || waitedMs >= this.#busyTotalMs) throw toStoreError(error, this.file);
        this.#crowd = { at, waitedMs };
      }
      await sleep(tries < QUICK_TRIES ? 1 : 1 + Math.random() * BUSY_PAUSE_MAX_MS);
    }
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function bind(params: SqlParams): unknown[] {
  if (!Array.isArray(params)) return [params];
  return (params as readonly SqlValue[]).map((it) =>
    it instanceof Uint8Array ? Buffer.from(it) : it,
  );
}

function closed(file: string): NightshiftError {
  return new NightshiftError('store-closed', 'the database was closed', { at: file });
}
