import type { Clock, WatchStore } from '@nightshift/domain';
import { openWatchStore } from '@nightshift/store';
import { onCleanup, tempDir } from '@nightshift/support';

/** A real watchdog database in a folder of this test. */
export async function watchStore(clock: Clock, stateDir = tempDir('watch')): Promise<WatchStore> {
  const { store } = await openWatchStore({ stateDir, clock });
  onCleanup(() => store.close());
  return store;
}
