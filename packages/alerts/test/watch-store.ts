import type { Clock, WatchStore } from '@nightshift/domain';
import { openWatchStore } from '@nightshift/store';
import { onCleanup, tempDir } from '@nightshift/support';

/** A real watchdog database in a folder of this test. */
export async function watchStore(clock: Clock, stateDir = tempDir('watch')): Promise<WatchStore> {
  const { store } = await openWatchStore({ stateDir, clock });
  onCleanup(() => store.close());
  return store;
}

/**
 * The same store, over which a process dies: the write for which `dies` answers true throws, and so
 * does every one after it.
 */
export function dyingStore(
  store: WatchStore,
  dies: (method: keyof WatchStore, nth: number) => boolean,
): WatchStore {
  const writes = new Set<keyof WatchStore>(['apply', 'updateDelivery', 'saveKill', 'remember']);
  let nth = 0;
  let dead = false;
  return new Proxy(store, {
    get(target, name: keyof WatchStore) {
      const method = target[name] as (...args: unknown[]) => unknown;
      if (!writes.has(name)) return method.bind(target);
      return async (...args: unknown[]) => {
        nth += 1;
        dead ||= dies(name, nth);
        if (dead) throw new Error('the process is dead');
        return method.apply(target, args);
      };
    },
  });
}
