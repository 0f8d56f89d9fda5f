import type { Connection } from './connection.ts';

const connections = new WeakMap<object, Connection>();

/** Keeps the connection of a store findable inside this package, and nowhere else. */
export function rememberConnection(store: object, db: Connection): void {
  connections.set(store, db);
}

/** The connection behind a store that `openStore` gave. */
export function connectionOf(store: object): Connection {
  const db = connections.get(store);
  if (db === undefined) throw new TypeError('not a store that openStore gave');
  return db;
}
