/**
 * The scheduler: decides what is due and writes it. `scheduler.ts` is its pass, packages/schedule
 * says which slots lie in a span, `catch-up.ts` what becomes of each.
 */
import { runService } from '@nightshift/lifecycle';
import { checkCron } from '@nightshift/schedule';
import { openStore } from '@nightshift/store';
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
