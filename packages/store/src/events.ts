import type { Clock, Event, EventStore, Json } from '@nightshift/domain';
import type { Connection } from './connection.ts';
import type { EventKind } from './event-kinds.ts';

/** Appends an event inside the caller's transaction. `ref` is the id of what changed. */
export function appendEvent(
  db: Connection,
  at: number,
  kind: EventKind,
  ref: string | null,
  data: Json = {},
): void {
  insertEvent(db, at, kind, ref, data);
}

export function createEventStore(db: Connection, clock: Clock): EventStore {
  return {
    append: (kind, ref, data) => db.write(() => insertEvent(db, clock.now(), kind, ref, data)),
    since: (id, limit) =>
      db.read(() =>
        db
          .all<EventRow>('SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?', [id, limit])
          .map(toEvent),
      ),
  };
}

interface EventRow extends Omit<Event, 'data'> {
  readonly data: string;
}

function insertEvent(
  db: Connection,
  at: number,
  kind: string,
  ref: string | null,
  data: Json,
): void {
  db.run('INSERT INTO events (at, kind, ref, data) VALUES (?, ?, ?, ?)', [
    at,
    kind,
    ref,
    JSON.stringify(data),
  ]);
}

function toEvent(row: EventRow): Event {
  return { ...row, data: JSON.parse(row.data) as Json };
}
