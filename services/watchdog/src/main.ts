import { BUSY_WAIT_MS } from '@nightshift/domain';
import { runService } from '@nightshift/lifecycle';
import { LOCK_WAIT_MS, openStore, type Store } from '@nightshift/store';
import { ownStore } from './own-store.ts';
import { startWatchdog } from './watchdog.ts';

/**
 * Sees, tells, kills. `tick.ts` is one pass: facts -> findings -> incidents and kills; `ladder.ts`
 * ends what is wedged; `deliver.ts` sends beside the ticks. It works through a halt, a broken
 * configuration and an unusable shared database, because those are what it has to tell about.
 */
const once = process.argv.includes('--once');
// Cron comes again in a minute; a supervisor's restart is worth waiting for.
const own = ownStore(once ? 1_000 : LOCK_WAIT_MS);

await runService<Store>({
  name: 'watchdog',
  worksWhileHalted: true,
  // It may not wait for a lock: whoever holds it may be the one who is wedged, and each tick that
  // comes late is time that was not observed. What could not be written is written at the next
  // tick.
  openStore: ({ paths, clock }) =>
    openStore({ stateDir: paths.dir, clock, mode: 'existing', busyTotalMs: BUSY_WAIT_MS }),
  resilient: { loadLastGood: own.loadLastGood, saveLastGood: own.saveLastGood },
  start: async (context) => startWatchdog(context, await own.open(context)),
});
