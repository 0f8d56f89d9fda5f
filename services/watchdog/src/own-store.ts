import { toError, type Clock, type Settings, type WatchStore } from '@nightshift/domain';
import type { BootContext } from '@nightshift/lifecycle';
import { openWatchStore } from '@nightshift/store';

type Boot = Pick<BootContext, 'paths' | 'clock' | 'log'>;

const LAST_GOOD = 'settings:last-good';

/**
 * The watchdog's own database, opened once a process: the settings are looked for in it before
 * anything else is known, and the work goes on with it.
 */
export function ownStore(): {
  readonly open: (boot: Boot) => Promise<WatchStore>;
  readonly saveLastGood: (boot: Boot, settings: Settings) => Promise<void>;
  readonly loadLastGood: (boot: Boot) => Promise<Settings | null>;
} {
  let opening: Promise<WatchStore> | null = null;
  const open = (boot: Boot): Promise<WatchStore> =>
    (opening ??= openNoting(boot.paths.dir, boot.clock, boot.log).catch((error: unknown) => {
      opening = null;
      throw error;
    }));
  return {
    open,
    // Names of secrets are in there, never their values. Not being able to keep them is no reason
    // not to run on them.
    async saveLastGood(boot, settings) {
      try {
        await (await open(boot)).remember(LAST_GOOD, JSON.stringify(settings));
      } catch (error) {
        boot.log.warn('last-good-unsaved', 'these settings could not be kept', {
          error: toError(error),
        });
      }
    },
    async loadLastGood(boot) {
      const text = await (await open(boot)).recall(LAST_GOOD);
      return text === null ? null : (JSON.parse(text) as Settings);
    },
  };
}

async function openNoting(stateDir: string, clock: Clock, log: Boot['log']): Promise<WatchStore> {
  const { store, movedAside } = await openWatchStore({ stateDir, clock });
  if (movedAside !== null) {
    log.error('watchdog-db-damaged', 'a damaged database was moved aside', { file: movedAside });
  }
  return store;
}
