/**
 * The scheduler: decides what is due and writes it. `scheduler.ts` is its pass, packages/schedule
 * says which slots lie in a span, `catch-up.ts` what becomes of each. Between slots it keeps the
 * database small (`housekeeping.ts`), and starts the drills when they are due (`drill-timer.ts`).
 */
import type { ReportStore, SecretRef } from '@nightshift/domain';
import { putBudgets, runService, type ServiceContext } from '@nightshift/lifecycle';
import { checkCron } from '@nightshift/schedule';
import { createDrillStore, openStore, type Store } from '@nightshift/store';
import { runDrills } from './drill-process.ts';
import { DrillTimer } from './drill-timer.ts';
import { Housekeeping } from './housekeeping.ts';
import { removeOldReportFiles } from './report-files.ts';
import { Scheduler } from './scheduler.ts';
import { watchWatchdog } from './watchdog-silent.ts';

function drillTimer(context: ServiceContext<Store>): DrillTimer | null {
  const { settings, clock, log, store } = context;
  const { drillSchedule: cron, timezone } = settings;
  if (cron === null) return null;
  const run = (sinceAt: number): Promise<number> => runDrills(context, sinceAt);
  return new DrillTimer({ cron, timezone, clock, log, run, drills: createDrillStore(store) });
}

await runService<Store>({
  name: 'scheduler',
  checkCron,
  openStore: ({ paths, clock }) => openStore({ stateDir: paths.dir, clock, mode: 'existing' }),
  async start(context) {
    const { store, settings, clock, beat, log, environment, paths, stopping } = context;
    await putBudgets(store, settings, log);
    const scheduler = new Scheduler({
      slots: store.slots,
      settings,
      clock,
      onAdvance(agent, decisions) {
        beat.progress();
        const enqueued = decisions.filter(({ kind }) => kind === 'enqueue').length;
        log.info('slots-decided', `${enqueued} of ${decisions.length} slots enqueued`, { agent });
      },
      onRewind(agent, aheadMs) {
        log.warn('schedule-rewound', 'the clock had run ahead of what is decided', {
          agent,
          aheadMs,
        });
      },
    });
    await scheduler.declare();
    const housekeeping = new Housekeeping({
      retention: store.retention,
      ages: settings.retention,
      clock,
      reportFiles: (before, limit) => {
        const ids: ReportStore['ids'] = (agent, fromAt, toAt) =>
          store.reports.ids(agent, fromAt, toAt);
        return removeOldReportFiles({ dir: paths.reports, before, limit, ids });
      },
      onPruned(removed) {
        beat.progress();
        log.info('pruned', 'what was old is folded or gone', { removed });
      },
      onPinned(walBytes) {
        log.warn('log-pinned', 'a reader keeps the write-ahead log from shrinking', { walBytes });
      },
    });
    const drills = drillTimer(context);
    const poll = async (): Promise<number> => {
      // Not waited for: some of them halt this very scheduler.
      void drills?.look();
      const sleepMs = await scheduler.poll();
      return sleepMs === 0 ? 0 : Math.min(sleepMs, await housekeeping.pass());
    };
    const secret = (ref: SecretRef): string => environment.requireSecret(ref);
    const instances = () => store.instances.current();
    watchWatchdog({ settings, clock, log, secret, instances }, stopping);
    return { poll, stop: () => Promise.resolve() };
  },
});
