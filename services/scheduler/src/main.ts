/**
 * The scheduler: decides what is due and writes it. `scheduler.ts` is its pass, `due.ts` says which
 * slots lie in a span, `catch-up.ts` what becomes of each, `cron.ts` fences the cron library.
 */
import { runService } from '@nightshift/lifecycle';
import { openStore } from '@nightshift/store';
import { checkCron } from './cron.ts';
import { Scheduler } from './scheduler.ts';

await runService({
  name: 'scheduler',
  checkCron,
  openStore: ({ paths, clock }) => openStore({ stateDir: paths.dir, clock, mode: 'existing' }),
  async start({ store, settings, clock, beat, log }) {
    await store.ledger.setBudgets(settings.budgets, settings.version, settings.timezone);
    const scheduler = new Scheduler({
      slots: store.slots,
      settings,
      clock,
      onAdvance(agent, decisions) {
        beat.progress();
        const enqueued = decisions.filter(({ kind }) => kind === 'enqueue').length;
        log.info('slots-decided', `${enqueued} of ${decisions.length} slots enqueued`, { agent });
      },
    });
    await scheduler.declare();
    return { poll: () => scheduler.poll(), stop: () => Promise.resolve() };
  },
});
