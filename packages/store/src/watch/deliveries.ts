import type { Delivery, Message } from '@nightshift/domain';
import type { Connection } from '../connection.ts';

/** Adds a message to the outbox. Inside the transaction of what it is about. */
export function insertDelivery(db: Connection, delivery: Delivery): void {
  db.run(INSERT, toRow(delivery));
}

/** Messages whose time has come, oldest first; one that is being sent is due again at its time. */
export function due(db: Connection, now: number, limit: number): readonly Delivery[] {
  const sql = `${SELECT} WHERE state IN ('queued', 'sending') AND next_try_at <= ?
    ORDER BY next_try_at, id LIMIT ?`;
  return db.all<RawDelivery>(sql, [now, limit]).map(toDelivery);
}

export function deliveriesOf(db: Connection, incident: string): readonly Delivery[] {
  const sql = `${SELECT} WHERE incident = ? ORDER BY created_at, id`;
  return db.all<RawDelivery>(sql, [incident]).map(toDelivery);
}

/** Messages that have neither arrived nor been given up. */
export function pending(db: Connection): number {
  const sql = `SELECT count(*) AS n FROM deliveries WHERE state IN ('queued', 'sending')`;
  return db.one<{ n: number }>(sql)!.n;
}

export function updateDelivery(db: Connection, seen: Delivery, next: Delivery): boolean {
  const { id, state: seenState, tries: seenTries } = seen;
  const changed = db.run(UPDATE, { ...toRow(next), id, seenState, seenTries });
  return changed === 1;
}

interface RawDelivery extends Omit<Delivery, 'message'> {
  readonly message: string;
}

function toRow(delivery: Delivery): Record<string, string | number | null> {
  return { ...delivery, message: JSON.stringify(delivery.message) };
}

function toDelivery(row: RawDelivery): Delivery {
  return { ...row, message: JSON.parse(row.message) as Message };
}

const SELECT = `
  SELECT id, incident, channel, kind, message, state, tries, next_try_at AS nextTryAt, receipt,
         last_error AS lastError, created_at AS createdAt, delivered_at AS deliveredAt
  FROM deliveries`;

const INSERT = `
  INSERT INTO deliveries (id, incident, channel, kind, message, state, tries, next_try_at, receipt,
                          last_error, created_at, delivered_at)
  VALUES (:id, :incident, :channel, :kind, :message, :state, :tries, :nextTryAt, :receipt,
          :lastError, :createdAt, :deliveredAt)`;

const UPDATE = `
  UPDATE deliveries
  SET message = :message, state = :state, tries = :tries, next_try_at = :nextTryAt,
      receipt = :receipt, last_error = :lastError, delivered_at = :deliveredAt
  WHERE id = :id AND state = :seenState AND tries = :seenTries`;
