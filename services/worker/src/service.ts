import { realpathSync } from 'node:fs';
import path from 'node:path';
import { type Actions, createActions, createBroker } from '@nightshift/broker';
import type { AgentSettings, InnerDenial, Principal } from '@nightshift/domain';
import {
  type Processes,
  type ServiceContext,
  VERSION,
  type Work,
  putBudgets,
  resolveEntry,
  stopFile,
  systemProcesses,
} from '@nightshift/lifecycle';
import { type Tickets, openTickets, watchCommits } from '@nightshift/queue';
import type { Store } from '@nightshift/store';
import { dataVersion, sweepTickets } from '@nightshift/store/tickets';
import { SourceHashes } from './agent-entry.ts';
import { orphanKiller } from './kill-orphan.ts';
import { onlyWork } from './only.ts';
import { runAttempt } from './run-attempt.ts';
import { childArgv, provenLauncher } from './proven-launcher.ts';
import { prepareScratch } from './scratch.ts';
import type { TakeoverParts } from './takeover.ts';
import { Worker } from './worker.ts';

/** Puts the worker together from a context of the lifecycle. */
export async function startWorker(context: ServiceContext<Store>): Promise<Work> {
  const { store, settings, clock, instance, paths } = context;
  const processes = systemProcesses();
  const launcher = await provenLauncher(context, processes);
  await prepareScratch(paths.scratch, clock);
  await putBudgets(store, settings, context.log);
  const broker = brokerOf(context);
  const entryOf = (agent: AgentSettings): string =>
    resolveEntry(agent.entry, settings.dir, `agents.${agent.name}.entry`);
  const parts = {
    instance,
    settings,
    clock,
    jobs: store.jobs,
    reports: store.reports,
    drafts: store.drafts,
    actions: actionsOf(context),
    door: broker,
    denied: ({ job, attempt, agent }: Principal, { permission, resource, count }: InnerDenial) => {
      const message = `may not use ${permission} inside of its sandbox (${resource})`;
      const data = { agent, attempt, reason: permission, message, count };
      return store.events.append('sandbox.denied', job, data);
    },
    launcher,
    processes,
    beat: context.beat,
    log: context.log,
    reportsDir: paths.reports,
    scratchDir: paths.scratch,
    protect: [realpathSync(paths.dir), path.join(settings.dir, '.env')],
    childArgv: childArgv(context),
    entryOf,
  };
  const tickets = openTickets(store, clock);
  const sources = new SourceHashes();
  const worker = new Worker({
    instance,
    settings,
    clock,
    jobs: store.jobs,
    ledger: store.ledger,
    tickets,
    takeover: takeoverOf(context, processes),
    sweepTickets: async () => {
      await store.drafts.tidy();
      const { added, removed, revived } = await sweepTickets(store);
      return added + removed + revived;
    },
    run: (running) => runAttempt(parts, running),
    sourceOf: async (agent) => sources.of(entryOf(agent)),
    moved: () => context.beat.progress(),
    wake: () => context.wake(),
    log: (event, fields) => context.log.info(event, event, fields),
    only: context.args.only ?? null,
  });
  return workOf(context, worker, broker, tickets);
}

function workOf(
  context: ServiceContext<Store>,
  worker: Worker,
  broker: { close(): Promise<void> },
  tickets: Tickets,
): Work {
  const { store, args } = context;
  let seen = dataVersion(store);
  const stopWatching = watchCommits(
    store.stateDir,
    () => seen !== (seen = dataVersion(store)),
    // The beats of the others are commits too, and no reason to get up.
    () => {
      if (tickets.waiting()) context.wake();
    },
  );
  const poll = async (): Promise<number> => {
    const sleepMs = await worker.poll();
    context.beat.phase(worker.running > 0 ? 'working' : 'idle');
    return sleepMs;
  };
  return {
    poll: args.only === undefined ? poll : onlyWork(context, args.only, poll, worker),
    async halted() {
      await worker.windDown('halted');
      // Who asked for one job does not want to wait for the end of a halt.
      if (args.only !== undefined) context.requestStop();
    },
    async stop() {
      stopWatching();
      await worker.windDown('draining');
      await broker.close();
    },
  };
}

function brokerOf(context: ServiceContext<Store>): ReturnType<typeof createBroker> {
  const { store, settings, clock, environment, paths, beat, log } = context;
  const stop = stopFile(paths.stopFile);
  return createBroker({
    endpoints: settings.endpoints,
    models: settings.models,
    agents: Object.fromEntries(settings.agents.map((agent) => [agent.name, agent.allow])),
    ledger: store.ledger,
    breakers: store.breakers,
    control: store.control,
    jobs: store.jobs,
    stopFile: () => stop.isStopped(),
    secret: (ref) => environment.resolveSecret(ref),
    clock,
    userAgent: `nightshift/${VERSION}`,
    log: (level, message, fields) => log[level]('broker', message, { fields }),
    denied: ({ job, ...data }) => store.events.append('egress.denied', job, data),
    watch: {
      begin: (deadlineAt) => beat.inflight('call', deadlineAt),
      progress: () => beat.progress(),
    },
  });
}

function actionsOf(context: ServiceContext<Store>): Actions {
  const { settings, clock, environment, paths } = context;
  const stop = stopFile(paths.stopFile);
  return createActions({
    endpoints: settings.endpoints,
    stopFile: () => stop.isStopped(),
    secret: (ref) => environment.resolveSecret(ref),
    clock,
    userAgent: `nightshift/${VERSION}`,
    protect: [realpathSync(paths.dir)],
  });
}

function takeoverOf(context: ServiceContext<Store>, processes: Processes): TakeoverParts {
  const { store, log } = context;
  return {
    jobs: store.jobs,
    instances: store.instances,
    ledger: store.ledger,
    liveness: (ref) => processes.liveness(ref),
    killOrphan: orphanKiller(processes),
    log: (event, fields) => log.warn(event, event, fields),
  };
}
