import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { BUSY_WAIT_MS, NightshiftError, systemClock } from '@nightshift/domain';
import { isBusy, toStoreError } from './sqlite-errors.ts';
import { WriteAheadLog } from './write-ahead-log.ts';
import { type Operation, WriteQueue } from './write-queue.ts';

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
/** Page cache of one connection, KiB. */
const CACHE_KIB = 8 * 1024;

/** What a statement takes and gives. Booleans are stored as 0 and 1 by the caller. */
export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlParams = readonly SqlValue[] | Readonly<Record<string, SqlValue>>;

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
 * That function must be synchronous and touch nothing but the database: it may run again from the
 * start. Writes of one process queue behind each other, so that only one of them ever waits for
 * another process's lock, and those that wait at the same time share one commit and its wait for the
 * disk.
 */
export class Connection {
  readonly file: string;
  readonly #db: Database.Database;
  readonly #busyTotalMs: number;
  readonly #statements = new Map<string, Database.Statement>();
  readonly #writes = new WriteQueue(async (operations, since) => this.#commit(operations, since));
  readonly #log: WriteAheadLog;
  #wroteAt = Number.NEGATIVE_INFINITY;
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
    this.#log = new WriteAheadLog(this);
  }

  get isOpen(): boolean {
    return this.#db.open;
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
    this.#log.configure();
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
    return this.#retry(() => this.#transaction('BEGIN', () => atOnce(operation)));
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
    return this.#writes.add(operation, systemClock.monotonic());
  }

  /**
   * Writes the log back as far as no reader needs it, and cuts a file that has become large. Waits
   * for nobody but the lock, and for that no longer than any write.
   * @returns the bytes of the log, and whether somebody kept it from being written back whole.
   */
  async checkpoint(): Promise<{ readonly bytes: number; readonly busy: boolean }> {
    return this.#retry(() => this.#log.checkpoint());
  }

  /** Closes the file. Closing twice is fine; an operation after it fails. */
  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  /** All of them in one transaction. Rejects when one failed: then none has happened. */
  async #commit(operations: readonly Operation[], since: number): Promise<readonly unknown[]> {
    await this.#giveWay();
    const all = (): unknown[] => operations.map(atOnce);
    const results = await this.#retry(() => this.#transaction('BEGIN IMMEDIATE', all), since);
    this.#wroteAt = systemClock.monotonic();
    this.#log.wrote(operations.length);
    return results;
  }

  #transaction<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', operation: () => T): T {
    this.run(begin);
    try {
      const result = operation();
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

function atOnce<T>(operation: () => T): T {
  const result = operation();
  if (result instanceof Promise) throw new TypeError('a transaction cannot wait for a promise');
  return result;
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
