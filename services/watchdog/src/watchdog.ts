import { uptime } from 'node:os';
import type { FactStore, Finding, Instance } from '@nightshift/domain';
import { openChannel, Outbox, post, watchdogError, type Channel } from '@nightshift/alerts';
import {
  registeredInstallation,
  stopFile,
  systemProcesses,
  type ServiceContext,
  type Work,
} from '@nightshift/lifecycle';
import { createDrillStore, createFactStore, type Store } from '@nightshift/store';
import { Brake } from './brake.ts';
import { DeadMan } from './dead-man.ts';
import { Deliverer } from './deliver.ts';
import { DrillWatch } from './drill-watch.ts';
import { undoDrill } from './drill-undo.ts';
import type { FallbackStore } from './fallback-store.ts';
import { HaltNews } from './halt-news.ts';
import { Ladder } from './ladder.ts';
import { isPassOver } from './one-pass.ts';
import { ownHealth } from './own-health.ts';
import { lives, withoutEndedRuns, type FactSource } from './sight.ts';
import { readPeriod } from './summary-message.ts';
import { Summaries } from './summary.ts';
import { Watchdog, type TickResult } from './tick.ts';
import { Unheard, whyUnheard } from './unheard.ts';

type Context = ServiceContext<Store>;

/**
 * The watchdog's work: a tick each `tickMs`, deliveries beside it. It shares nothing with what it
 * watches but rows; what it has to remember is in a database of its own. With `--once` it ends after
 * one pass.
 */
export function startWatchdog(context: Context, store: FallbackStore): Work {
  const { settings, clock, log, args } = context;
  const opened = openChannels(context);
  const outbox = new Outbox({ store, channels: opened.channels, clock });
  const watchdog = assemble(context, store, outbox, opened.findings);
  const deliverer = new Deliverer(outbox, log);
  const deadMan = deadManOf(context);
  const unheard = new Unheard({
    unheard: whyUnheard(settings, registeredInstallation(), context.paths.dir),
    store,
    clock,
    log,
  });
  const begunAt = clock.monotonic();
  const end = async ({ sight }: TickResult): Promise<void> => {
    const limits = { tookMs: clock.monotonic() - begunAt, maxMs: longestPassMs(settings.times) };
    const over = await isPassOver(sight, watchdog.observation, store, limits);
    if (over) context.requestStop();
  };
  return {
    async poll() {
      const begun = clock.monotonic();
      await store.tryReturn();
      const result = await watchdog.tick();
      const { sight, findings, deliveries } = result;
      context.beat.progress();
      await unheard.tick();
      if (deliveries.length > 0) {
        log.info('told', `${deliveries.length} messages queued`, { findings: findings.length });
      }
      deliverer.kick();
      if (args.once === true) await deliverer.settled();
      const { channels } = outbox;
      deadMan?.tick(ownHealth(sight, findings, { channels, passed: deliverer.passed }));
      if (args.once === true) await end(result);
      return Math.max(0, settings.times.tickMs - (clock.monotonic() - begun));
    },
    async stop() {
      await deliverer.settled();
      await deadMan?.settled();
      store.close();
    },
  };
}

/** Silent, TERM, KILL, seen dead, and some ticks in between. */
function longestPassMs({ silentMs, termGraceMs, tickMs }: Context['settings']['times']): number {
  return 3 * silentMs + 2 * termGraceMs + 10 * tickMs;
}

function assemble(
  context: Context,
  store: FallbackStore,
  outbox: Outbox,
  unopened: readonly Finding[],
): Watchdog {
  const { settings, clock, log, args } = context;
  const processes = systemProcesses();
  const facts = withoutEndedRuns(factSource(context), (life: Instance) =>
    ['dead', 'other'].includes(processes.liveness(life)),
  );
  const stop = stopFile(context.paths.stopFile);
  return new Watchdog({
    facts,
    store,
    settings,
    settingsError: context.settingsError,
    clock,
    outbox: {
      channels: outbox.channels,
      findings: async () => [...unopened, ...(await outbox.findings())],
    },
    ladder: new Ladder({
      store,
      processes,
      clock,
      times: settings.times,
      log,
      reread: () => lives(facts, clock),
    }),
    brake: new Brake({
      store,
      stopFile: stop,
      control: async () => (await context.tryStore())?.control ?? null,
      now: () => clock.now(),
    }),
    drills: new DrillWatch({
      drills: async () => {
        const shared = await context.tryStore();
        return shared === null ? null : createDrillStore(shared);
      },
      undo: async (run) => undoDrill(run, (await context.tryStore()) ?? context.store, stop),
      hasEnded: (it) => ['dead', 'other'].includes(processes.liveness(it)),
    }),
    haltNews: new HaltNews({
      store,
      stopFile: stop,
      control: async () => (await context.tryStore())?.control ?? null,
    }),
    summary: new Summaries({
      settings,
      store,
      clock,
      period: async (span) => {
        const shared = await context.tryStore();
        return shared === null ? null : readPeriod(shared, settings, span);
      },
    }),
    ownTrouble: () => store.finding(),
    // Where cron starts everything, nobody has to be up.
    ...(args.once === true ? { expected: [] } : {}),
    uptime: () => uptime() * 1_000,
  });
}

/** The check URL, if there is one that can be read. */
function deadManOf(context: Context): DeadMan | null {
  const { settings, environment, clock, log } = context;
  const { deadman } = settings.alerts;
  if (deadman === null) return null;
  try {
    const url =
      typeof deadman === 'string' ? deadman : environment.requireSecret(deadman, 'alerts.deadman');
    return new DeadMan({ url: url.replace(/\/+$/, ''), post, clock, log });
  } catch (error) {
    // Its silence is the alarm: whoever watches the check URL hears of it.
    log.error('check-url-unknown', 'there is no check URL', { error: error as Error });
    return null;
  }
}

/** A channel that cannot be opened (a missing secret) must not keep the others from speaking. */
function openChannels(context: Context) {
  const { settings, environment, clock } = context;
  const channels: Channel[] = [];
  const findings: Finding[] = [];
  for (const [index, it] of settings.alerts.channels.entries()) {
    try {
      const at = `alerts.channels[${index}]`;
      channels.push(openChannel(it, (ref) => environment.requireSecret(ref, at), clock));
    } catch (error) {
      findings.push({ ...watchdogError(`channel ${it.name}`, error), rule: 'channel-broken' });
    }
  }
  return { channels, findings };
}

/** The facts of the shared database, as soon as it can be opened, and made once for each opening. */
function factSource(context: Context): FactSource {
  const stop = stopFile(context.paths.stopFile);
  let made: { readonly of: Store; readonly facts: FactStore } | null = null;
  return async () => {
    const store = await context.tryStore();
    if (store === null) {
      if (context.storeError !== null) throw context.storeError;
      return null;
    }
    if (made?.of !== store)
      made = { of: store, facts: createFactStore(store, () => stop.isStopped()) };
    return made.facts;
  };
}
