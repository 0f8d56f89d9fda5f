import { EXIT, NightshiftError, toError } from '@nightshift/domain';
import type { Log } from './logger.ts';
import type { ServiceStore } from './service-context.ts';

/** The store of a service, which a resilient one may not have yet. */
export interface StoreDoor<S extends ServiceStore> {
  /** @throws NightshiftError `database-unusable` while there is none. */
  readonly store: S;
  readonly opened: S | null;
  readonly error: Error | null;
  /** Opens and registers when that has not been done. @throws unless it is optional. */
  tryStore(): Promise<S | null>;
  /** Legal twice and without a store. Never rejects. */
  close(): Promise<void>;
}

export interface StoreDoorOptions<S extends ServiceStore> {
  open(): Promise<S> | S;
  /** Writes this life's row: the first thing that is done with a store. */
  register(store: S): Promise<void>;
  /** True: a store that cannot be opened is tried again at the next use, and logged once. */
  readonly optional: boolean;
  readonly log: Log;
}

/** A door that opens once. */
export function storeDoor<S extends ServiceStore>(options: StoreDoorOptions<S>): StoreDoor<S> {
  const { log } = options;
  let opened: S | null = null;
  let error: Error | null = null;
  let opening: Promise<S | null> | null = null;
  let closed = false;
  const open = async (): Promise<S | null> => {
    let store: S | null = null;
    try {
      store = await options.open();
      await options.register(store);
      opened = store;
      error = null;
      return store;
    } catch (thrown) {
      await store?.close();
      if (error === null && options.optional) {
        log.error('database-unusable', 'going on without it', { error: toError(thrown) });
      }
      error = toError(thrown);
      if (!options.optional) throw thrown;
      return null;
    } finally {
      opening = null;
    }
  };
  return {
    get store() {
      if (opened === null) throw unusable(error);
      return opened;
    },
    get opened() {
      return opened;
    },
    get error() {
      return error;
    },
    tryStore: async () => (opened !== null || closed ? opened : (opening ??= open())),
    async close() {
      closed = true;
      const store = opened;
      opened = null;
      try {
        await store?.close();
      } catch (thrown) {
        log.warn('close-failed', 'the database did not close cleanly', { error: toError(thrown) });
      }
    },
  };
}

function unusable(cause: Error | null): NightshiftError {
  return new NightshiftError('database-unusable', cause?.message ?? 'the database is not open', {
    fix: 'nightshift doctor tells what is wrong with it',
    retryable: true,
    exitCode: EXIT.tryAgain,
    ...(cause === null ? {} : { cause }),
  });
}
