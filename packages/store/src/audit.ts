import type { Actor, AuditRow, AuditStore, Clock, Json } from '@nightshift/domain';
import type { Connection } from './connection.ts';

/** Records who did what inside the caller's transaction. */
export function appendAudit(
  db: Connection,
  at: number,
  actor: Actor,
  action: string,
  subject: string | null,
  detail: Json = {},
): void {
  db.run('INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)', [
    at,
    actorName(actor),
    action,
    subject,
    JSON.stringify(detail),
  ]);
}

/** `person:ada`, as rows and messages show an actor. */
export function actorName(actor: Actor): string {
  return `${actor.kind}:${actor.name}`;
}

export function createAuditStore(db: Connection, clock: Clock): AuditStore {
  return {
    record: (actor, action, subject, detail) =>
      db.write(() => appendAudit(db, clock.now(), actor, action, subject, detail)),
    list: (limit) =>
      db.read(() =>
        db.all<RawAudit>('SELECT * FROM audit ORDER BY id DESC LIMIT ?', [limit]).map(toAuditRow),
      ),
  };
}

interface RawAudit extends Omit<AuditRow, 'detail'> {
  readonly detail: string;
}

function toAuditRow(row: RawAudit): AuditRow {
  return { ...row, detail: JSON.parse(row.detail) as Json };
}
