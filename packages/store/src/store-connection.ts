import type { Clock } from '@nightshift/domain';
import type { Connection } from './connection.ts';

/** What stands behind a store. */
export interface Behind {
  readonly db: Connection;
  readonly clock: Clock;
}

const behind = new WeakMap<object, Behind>();

/** Keeps what is behind a store findable inside this package, and nowhere else. */
export function rememberConnection(store: object, it: Behind): void {
  behind.set(store, it);
}

/** The connection and clock behind a store that `openStore` gave. */
export function connectionOf(store: object): Behind {
  const found = behind.get(store);
  if (found === undefined) throw new TypeError('not a store that openStore gave');
  return found;
}
