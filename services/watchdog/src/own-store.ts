import {
  DEFAULT_ALERTS,
  DEFAULT_RULES,
  NightshiftError,
  toError,
  type Settings,
  type WatchStore,
} from '@nightshift/domain';
import type { BootContext } from '@nightshift/lifecycle';
import { lockWatch, memoryWatchStore, openWatchStore } from '@nightshift/store';
import { fallbackStore, type FallbackStore } from './fallback-store.ts';

type Boot = Pick<BootContext, 'paths' | 'clock' | 'log'>;

const LAST_GOOD = 'settings:last-good';

/**
 * The watchdog's own database, opened once a process and under the lock that says who is on duty:
 * the settings are looked for in it before anything else is known, and the work goes on with it.
 *
 * @param lockWaitMs how long to wait for another watchdog to end
 */
export function ownStore(lockWaitMs?: number): {
  readonly open: (boot: Boot) => Promise<FallbackStore>;
  readonly saveLastGood: (boot: Boot, settings: Settings) => Promise<void>;
  readonly loadLastGood: (boot: Boot) => Promise<Settings | null>;
} {
  let opening: Promise<FallbackStore> | null = null;
  const open = (boot: Boot): Promise<FallbackStore> =>
    (opening ??= openLocked(boot, lockWaitMs).catch((error: unknown) => {
      // Another one is on duty, and was waited for long enough.
      if (!isTaken(error)) opening = null;
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
        if (isTaken(error)) throw error;
        boot.log.warn('last-good-unsaved', 'these settings could not be kept', {
          error: toError(error),
        });
      }
    },
    async loadLastGood(boot) {
      const text = await (await open(boot)).recall(LAST_GOOD);
      return text === null ? null : completed(JSON.parse(text) as Settings);
    },
  };
}

/** Settings that an older version kept, with the defaults of what it did not know. */
function completed(kept: Settings): Settings {
  const rules = { ...DEFAULT_RULES, ...kept.alerts.rules };
  return { ...kept, alerts: { ...DEFAULT_ALERTS, ...kept.alerts, rules } };
}

async function openLocked(boot: Boot, lockWaitMs?: number): Promise<FallbackStore> {
  const { paths, clock, log } = boot;
  try {
    // Kept until the process ends, and by the kernel alone.
    const wait = lockWaitMs === undefined ? {} : { waitMs: lockWaitMs };
    await lockWatch({ stateDir: paths.dir, ...wait });
  } catch (error) {
    if (isTaken(error)) throw error;
    // Two that speak are better than none that does.
    log.error('unlocked', 'whether another watchdog is on duty is not known', {
      error: toError(error),
    });
  }
  let damaged: string | null = null;
  const openFile = async (): Promise<WatchStore> => {
    const { store, movedAside } = await openWatchStore({ stateDir: paths.dir, clock });
    damaged ??= movedAside;
    if (movedAside !== null) {
      log.error('watchdog-db-damaged', 'a damaged database was moved aside', { file: movedAside });
    }
    return store;
  };
  const file = await openFile().catch((error: unknown) => {
    log.error('own-database-unusable', 'cannot be opened', { error: toError(error) });
    return null;
  });
  return fallbackStore({
    file,
    memory: () => memoryWatchStore(clock),
    reopen: openFile,
    movedAside() {
      const file = damaged;
      damaged = null;
      return file;
    },
    clock,
    log,
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof NightshiftError && error.code === 'watchdog-running';
}
