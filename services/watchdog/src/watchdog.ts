import type { FactStore, WatchStore } from '@nightshift/domain';
import { openChannel, Outbox, watchdogError, type Channel } from '@nightshift/alerts';
import { stopFile, systemProcesses, type ServiceContext, type Work } from '@nightshift/lifecycle';
import { createFactStore, type Store } from '@nightshift/store';
import { Deliverer } from './deliver.ts';
import { Ladder } from './ladder.ts';
import { lives, type FactSource } from './sight.ts';
import { Watchdog } from './tick.ts';

/**
 * The watchdog's work: a tick each `tickMs`, deliveries beside it. It shares nothing with what it
 * watches but rows; what it has to remember is in a database of its own.
 */
export function startWatchdog(context: ServiceContext<Store>, store: WatchStore): Work {
  const { settings, clock, log } = context;
  const opened = openChannels(context);
  const outbox = new Outbox({ store, channels: opened.channels, clock });
  const facts = factSource(context);
  const watchdog = new Watchdog({
    facts,
    store,
    settings,
    settingsError: context.settingsError,
    clock,
    outbox: {
      channels: outbox.channels,
      findings: async () => [...opened.findings, ...(await outbox.findings())],
    },
    ladder: new Ladder({
      store,
      processes: systemProcesses(),
      clock,
      times: settings.times,
      log,
      reread: () => lives(facts, clock),
    }),
  });
  const deliverer = new Deliverer(outbox, log);
  return {
    async poll() {
      const begun = clock.monotonic();
      const { findings, deliveries } = await watchdog.tick();
      context.beat.progress();
      if (deliveries.length > 0) {
        log.info('told', `${deliveries.length} messages queued`, { findings: findings.length });
      }
      deliverer.kick();
      return Math.max(0, settings.times.tickMs - (clock.monotonic() - begun));
    },
    async stop() {
      await deliverer.settled();
      store.close();
    },
  };
}

/** A channel that cannot be opened (a missing secret) must not keep the others from speaking. */
function openChannels(context: ServiceContext<Store>) {
  const { settings, environment, clock } = context;
  const channels: Channel[] = [];
  const findings: ReturnType<typeof watchdogError>[] = [];
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
function factSource(context: ServiceContext<Store>): FactSource {
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
