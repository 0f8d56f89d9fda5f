import { statSync } from 'node:fs';
import type { Connection } from './connection.ts';

/** Bytes to which the log is cut back once it has been checkpointed. */
const SIZE_LIMIT = 64 * 1024 * 1024;
/** A log larger than this is emptied at the next checkpoint that finds it idle, bytes. */
const TRUNCATE_BYTES = 16 * 1024 * 1024;
/**
 * Pages of the log that are not in the database yet, from which on they are written there. While
 * that goes on every commit waits longer for the disk, so it should be seldom under load.
 */
const BACKLOG_PAGES = 4_000;
/** Pages of a log that always had writers, from which on it is made to begin anew. */
const RESTART_PAGES = 8_000;
/** Where SQLite itself would write the log back, inside somebody's commit: behind all of ours. */
const LAST_RESORT_PAGES = 16_000;
/** Writes of one process from one look at the log to the next. */
const LOOK_WRITES = 8;

interface State {
  readonly busy: 0 | 1;
  /** Pages in the log, and how many of them are in the database by now; -1 without a log. */
  readonly log: number;
  readonly checkpointed: number;
}

/** The write-ahead log of one database, as one of its connections looks after it. */
export class WriteAheadLog {
  readonly #db: Connection;
  #unlookedWrites = 0;

  constructor(db: Connection) {
    this.#db = db;
  }

  configure(): void {
    this.#db.pragma(`journal_size_limit = ${SIZE_LIMIT}`);
    this.#db.pragma(`wal_autocheckpoint = ${LAST_RESORT_PAGES}`);
  }

  /** So many writes were committed. The log is looked at now and then, once they are answered. */
  wrote(writes: number): void {
    this.#unlookedWrites += writes;
    if (this.#unlookedWrites < LOOK_WRITES) return;
    this.#unlookedWrites = 0;
    setImmediate(() => this.#tend()).unref();
  }

  /** Writes it back as far as no reader needs it, and empties one that has become large. */
  checkpoint(): { readonly bytes: number; readonly busy: boolean } {
    const passive = this.#checkpoint('PASSIVE');
    // Written back does not mean smaller: the file keeps its size until it is cut.
    if (passive.busy || passive.bytes <= TRUNCATE_BYTES) return passive;
    return this.#checkpoint('TRUNCATE');
  }

  /**
   * Writes the log back when enough of it waits. SQLite would do that inside the commit that made
   * it too long, and where processes write all the time inside every commit after that one: a log
   * begins anew only when it was written back whole and nobody wrote since.
   */
  #tend(): void {
    if (!this.#db.isOpen) return;
    try {
      const { log, checkpointed } = this.#run('NOOP');
      if (log - checkpointed < BACKLOG_PAGES) return;
      const after = this.#run('PASSIVE');
      // Holds the write lock, but only for the little that was written since.
      if (after.busy === 0 && after.log >= RESTART_PAGES) this.#run('RESTART');
    } catch {
      // The next write will meet what was wrong, and has somebody to tell.
    }
  }

  #checkpoint(mode: 'PASSIVE' | 'TRUNCATE'): { bytes: number; busy: boolean } {
    const { busy, log, checkpointed } = this.#run(mode);
    const bytes = statSync(`${this.#db.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    return { bytes, busy: busy === 1 || checkpointed < log };
  }

  #run(mode: 'NOOP' | 'PASSIVE' | 'RESTART' | 'TRUNCATE'): State {
    return this.#db.one<State>(`PRAGMA wal_checkpoint(${mode})`)!;
  }
}
