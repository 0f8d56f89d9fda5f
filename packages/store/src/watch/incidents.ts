import { NightshiftError, type Delivery, type Incident } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { insertDelivery } from './deliveries.ts';

/**
 * Writes incidents and the messages about them. Runs inside an immediate transaction.
 * @throws NightshiftError `incident-moved-on` (retryable) when an incident was resolved meanwhile,
 * or another process has opened one for the same trouble: read again, nothing was written.
 */
export function apply(
  db: Connection,
  incidents: readonly Incident[],
  deliveries: readonly Delivery[],
): void {
  for (const it of incidents) {
    const taken = db.one(LIVE_TWIN, { key: it.key, id: it.id, state: it.state });
    if (taken !== undefined || db.run(UPSERT, { ...it }) !== 1) throw movedOn(it);
  }
  for (const it of deliveries) insertDelivery(db, it);
}

/** Pending and open ones, oldest first. */
export function openIncidents(db: Connection): readonly Incident[] {
  return db.all<Incident>(`${SELECT} WHERE state <> 'resolved' ORDER BY first_seen_at, id`);
}

/** Newest first. */
export function incidents(db: Connection, limit: number): readonly Incident[] {
  return db.all<Incident>(`${SELECT} ORDER BY first_seen_at DESC, id DESC LIMIT ?`, [limit]);
}

export function incident(db: Connection, id: string): Incident | null {
  return db.one<Incident>(`${SELECT} WHERE id = ?`, [id]) ?? null;
}

/**
 * Acknowledges an open incident. Only here: a tick that read it a moment before writes everything
 * else, and takes an acknowledgement back only where the trouble has become worse.
 * @returns false when it is not open.
 */
export function acknowledge(db: Connection, id: string, until: number, by: string): boolean {
  const sql = `UPDATE incidents SET acked_until = ?, acked_by = ? WHERE id = ? AND state = 'open'`;
  return db.run(sql, [until, by, id]) === 1;
}

function movedOn(it: Incident): NightshiftError {
  return new NightshiftError('incident-moved-on', `incident ${it.key} was changed meanwhile`, {
    at: it.id,
    retryable: true,
  });
}

const SELECT = `
  SELECT id, key, rule, severity, state, title, detail, bad_ticks AS badTicks,
         good_ticks AS goodTicks, first_seen_at AS firstSeenAt, opened_at AS openedAt,
         resolved_at AS resolvedAt, remind_at AS remindAt, acked_until AS ackedUntil,
         acked_by AS ackedBy
  FROM incidents`;

const LIVE_TWIN = `
  SELECT 1 FROM incidents
  WHERE key = :key AND state <> 'resolved' AND id <> :id AND :state <> 'resolved'`;

// Resolved is the end: the same trouble after it is a new incident.
const UPSERT = `
  INSERT INTO incidents (id, key, rule, severity, state, title, detail, bad_ticks, good_ticks,
                         first_seen_at, opened_at, resolved_at, remind_at, acked_until, acked_by)
  VALUES (:id, :key, :rule, :severity, :state, :title, :detail, :badTicks, :goodTicks,
          :firstSeenAt, :openedAt, :resolvedAt, :remindAt, :ackedUntil, :ackedBy)
  ON CONFLICT (id) DO UPDATE
  SET severity = excluded.severity, state = excluded.state, title = excluded.title,
      detail = excluded.detail, bad_ticks = excluded.bad_ticks, good_ticks = excluded.good_ticks,
      opened_at = excluded.opened_at, resolved_at = excluded.resolved_at,
      remind_at = excluded.remind_at,
      acked_until = CASE WHEN excluded.severity = incidents.severity
                         THEN incidents.acked_until ELSE excluded.acked_until END,
      acked_by = CASE WHEN excluded.severity = incidents.severity
                      THEN incidents.acked_by ELSE excluded.acked_by END
  WHERE incidents.state <> 'resolved' OR excluded.state = 'resolved'`;
