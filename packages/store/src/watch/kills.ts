import { NightshiftError, type Kill } from '@nightshift/domain';
import type { Connection } from '../connection.ts';

/** The kill of this service that has not come to its end, if there is one. */
export function activeKill(db: Connection, service: string): Kill | null {
  const sql = `${SELECT} WHERE service = ? AND state NOT IN ${ENDS}
    ORDER BY intended_at DESC, id DESC LIMIT 1`;
  return db.one<Kill>(sql, [service]) ?? null;
}

/** Oldest first. */
export function killsSince(db: Connection, at: number): readonly Kill[] {
  return db.all<Kill>(`${SELECT} WHERE intended_at >= ? ORDER BY intended_at, id`, [at]);
}

/** @throws NightshiftError `kill-moved-on` when it has ended and `kill` would begin it again. */
export function saveKill(db: Connection, kill: Kill): void {
  if (db.run(UPSERT, { ...kill }) === 1) return;
  throw new NightshiftError('kill-moved-on', `the kill of ${kill.service} has ended`, {
    at: kill.id,
  });
}

const ENDS = `('recovered', 'failed', 'identity-mismatch')`;

const SELECT = `
  SELECT id, instance, service, pid, reason, state, intended_at AS intendedAt, term_at AS termAt,
         kill_at AS killAt, dead_at AS deadAt, recovered_at AS recoveredAt
  FROM kills`;

const UPSERT = `
  INSERT INTO kills (id, instance, service, pid, reason, state, intended_at, term_at, kill_at,
                     dead_at, recovered_at)
  VALUES (:id, :instance, :service, :pid, :reason, :state, :intendedAt, :termAt, :killAt, :deadAt,
          :recoveredAt)
  ON CONFLICT (id) DO UPDATE
  SET reason = excluded.reason, state = excluded.state, term_at = excluded.term_at,
      kill_at = excluded.kill_at, dead_at = excluded.dead_at, recovered_at = excluded.recovered_at
  WHERE kills.state NOT IN ${ENDS} OR excluded.state = kills.state`;
