import { randomUUID } from 'node:crypto';
import type { Clock } from '@nightshift/domain';
import { SqliteQueue } from 'liteque';
import type { ticketHandle } from '@nightshift/store/tickets';

/** What a ticket carries: which job it is for. The job's row is the truth. */
export interface TicketPayload {
  readonly jobId: string;
}

type LitequeDb = ConstructorParameters<typeof SqliteQueue<TicketPayload>>[1];
type TaskRow = NonNullable<Awaited<ReturnType<SqliteQueue<TicketPayload>['attemptDequeue']>>>;

type Statement = ReturnType<ReturnType<typeof ticketHandle>['prepare']>;

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
  readonly #claim: Statement;

  constructor(name: string, db: LitequeDb, clock: Clock, claim: Statement, cheaply: Cheaply) {
    super(name, db, { defaultJobArgs: { numRetries: 0 }, keepFailedJobs: false });
    this.#clock = clock;
    this.#claim = claim;
    this.#cheaply = cheaply;
  }

  /** Claims the first runnable ticket of this queue, or null. `timeoutSecs` is its expiry. */
  override attemptDequeue(options: { timeoutSecs: number }): Promise<TaskRow | null> {
    const nowSecs = Math.floor(this.#clock.now() / 1_000);
    const given = {
      queue: this.queueName,
      allocationId: randomUUID(),
      nowSecs,
      expireAt: nowSecs + options.timeoutSecs,
    };
    const row = this.#cheaply(() => this.#claim.get(given) as RawTask | undefined);
    return Promise.resolve(row === undefined ? null : taskRow(row));
  }
}

/** Claims the first runnable ticket of a queue; prepared once for all queues of a handle. */
export const CLAIM_TICKET = `
  UPDATE tasks
  SET status = 'running', allocationId = :allocationId, numRunsLeft = numRunsLeft - 1,
      expireAt = :expireAt
  WHERE id = coalesce(
    (SELECT id FROM tasks
     WHERE queue = :queue AND status = 'running' AND expireAt < :nowSecs
     ORDER BY expireAt LIMIT 1),
    (SELECT id FROM tasks
     WHERE queue = :queue AND status IN ('pending', 'pending_retry')
     ORDER BY priority, id LIMIT 1))
  RETURNING *`;

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
