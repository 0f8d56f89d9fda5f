import { randomUUID } from 'node:crypto';
import type { Clock } from '@nightshift/domain';
import { sql } from 'drizzle-orm';
import { SqliteQueue } from 'liteque';

/** What a ticket carries: which job it is for. The job's row is the truth. */
export interface TicketPayload {
  readonly jobId: string;
}

type LitequeDb = ConstructorParameters<typeof SqliteQueue<TicketPayload>>[1];
type TaskRow = NonNullable<Awaited<ReturnType<SqliteQueue<TicketPayload>['attemptDequeue']>>>;

/** Runs a synchronous statement without waiting for the disk. */
type Cheaply = <T>(statement: () => T) => T;

/**
 * liteque's queue with its claim replaced. The library's own claim passes an async function to a
 * synchronous transaction, which current better-sqlite3 rejects, and sorts the whole queue; this
 * one is a single statement over a partial index. A claimed ticket whose claimer died becomes
 * claimable again when it expires.
 */
export class TicketQueue extends SqliteQueue<TicketPayload> {
  readonly #clock: Clock;
  readonly #cheaply: Cheaply;

  constructor(name: string, db: LitequeDb, clock: Clock, cheaply: Cheaply) {
    super(name, db, { defaultJobArgs: { numRetries: 0 }, keepFailedJobs: false });
    this.#clock = clock;
    this.#cheaply = cheaply;
  }

  /** Claims the first runnable ticket of this queue, or null. `timeoutSecs` is its expiry. */
  override attemptDequeue(options: { timeoutSecs: number }): Promise<TaskRow | null> {
    const nowSecs = Math.floor(this.#clock.now() / 1_000);
    const row = this.#cheaply(() =>
      this.db.get<RawTask | undefined>(sql`
      UPDATE tasks
      SET status = 'running',
          allocationId = ${randomUUID()},
          numRunsLeft = numRunsLeft - 1,
          expireAt = ${nowSecs + options.timeoutSecs}
      WHERE id = coalesce(
        (SELECT id FROM tasks
         WHERE queue = ${this.queueName} AND status = 'running' AND expireAt < ${nowSecs}
         ORDER BY expireAt LIMIT 1),
        (SELECT id FROM tasks
         WHERE queue = ${this.queueName} AND status IN ('pending', 'pending_retry')
         ORDER BY priority, id LIMIT 1))
      RETURNING *`),
    );
    return Promise.resolve(row === undefined ? null : taskRow(row));
  }
}

/** A row as SQLite returns it: `createdAt` and `expireAt` in seconds, `availableAt` in ms. */
interface RawTask extends Omit<TaskRow, 'createdAt' | 'expireAt' | 'availableAt'> {
  readonly createdAt: number;
  readonly expireAt: number | null;
  readonly availableAt: number | null;
}

function taskRow(raw: RawTask): TaskRow {
  const { createdAt, expireAt, availableAt, ...rest } = raw;
  return {
    ...rest,
    createdAt: new Date(createdAt * 1_000),
    expireAt: expireAt === null ? null : new Date(expireAt * 1_000),
    availableAt: availableAt === null ? null : new Date(availableAt),
  };
}
