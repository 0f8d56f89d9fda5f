import { fileURLToPath } from 'node:url';
import { DEFAULT_ALERTS, DEFAULT_RETENTION, DEFAULT_TIMES, uuidv7 } from '@nightshift/domain';
import type {
  Beat,
  Finding,
  Kill,
  ProcessRef,
  ServiceName,
  Settings,
  WatchStore,
} from '@nightshift/domain';
import { ntfyChannel, Outbox, post } from '@nightshift/alerts';
import { startNtfy, type NtfyServer } from '@nightshift/fakes';
import { systemProcesses, type Processes } from '@nightshift/lifecycle';
import { createFactStore, openStore, openWatchStore, type Store } from '@nightshift/store';
import {
  manualClock,
  onCleanup,
  spawnNode,
  tempDir,
  waitUntil,
  type Child,
  type ManualClock,
} from '@nightshift/support';
import type { Brake } from '../src/brake.ts';
import type { HaltNews } from '../src/halt-news.ts';
import { Ladder } from '../src/ladder.ts';
import { lives, type FactSource } from '../src/sight.ts';
import type { Summaries } from '../src/summary.ts';
import { Watchdog, type TickResult } from '../src/tick.ts';

/** A life of a service that the test beats for, or does not. */
export interface TestLife {
  readonly id: string;
  readonly ref: ProcessRef;
  beats: boolean;
  readonly beat: Beat;
}

/** A watchdog over real databases, real processes and a phone; only the clock is the test's. */
export interface WatchScene {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly watch: WatchStore;
  readonly server: NtfyServer;
  /** Signals that were sent: `SIGTERM 123`. */
  readonly signals: string[];
  outbox: Outbox;
  /** Makes a watchdog die and another one start, over `watch` or what stands for it. */
  restart(over?: Partial<Parts>): void;
  /** Beats for everybody who does, then one tick and one delivery pass. */
  tick(): Promise<TickResult>;
  /** Ticks for `ms`. */
  run(ms: number): Promise<void>;
  /** Ticks until it holds; fails after `limitMs` of the test's clock. Returns how long it took. */
  until(what: string, limitMs: number, holds: () => boolean | Promise<boolean>): Promise<number>;
  register(service: ServiceName, ref: ProcessRef, part?: Partial<Beat>): Promise<TestLife>;
  titles(): readonly (string | undefined)[];
  lastKill(): Promise<Kill | undefined>;
}

/** What a restart may replace. */
export interface Parts {
  readonly watch: WatchStore;
  readonly facts: FactSource;
  readonly settingsError: Error | null;
  readonly brake?: () => Brake;
  readonly haltNews?: () => HaltNews;
  readonly summary?: () => Summaries;
  readonly ownTrouble?: () => Finding | null;
  /** Stands in for the system's answer to a signal. */
  readonly signal?: Processes['signal'];
}

const BEAT: Beat = {
  loopSeq: 0,
  progressSeq: 0,
  phase: 'idle',
  inflightKind: null,
  inflightDeadline: null,
};

/** A new one with nobody in it. */
export async function watchScene(settings: Settings = settingsOf()): Promise<WatchScene> {
  const clock = manualClock('2026-11-22T12:00:00Z');
  const stateDir = tempDir('watchdog');
  const store = await openStore({ stateDir, clock, mode: 'create' });
  const { store: watch } = await openWatchStore({ stateDir, clock });
  const server = await startNtfy();
  onCleanup(async () => {
    await server.close();
    store.close();
    watch.close();
  });
  const realFacts = createFactStore(store, () => false);
  const signals: string[] = [];
  const known: TestLife[] = [];
  const parts: Parts = { watch, facts: async () => realFacts, settingsError: null };
  const build = (own: Parts) => oneLife(own, settings, { clock, signals, url: server.url });
  let current = build(parts);
  const it: WatchScene = {
    clock,
    store,
    watch,
    server,
    signals,
    outbox: current.outbox,
    restart(over = {}) {
      current = build({ ...parts, ...over });
      it.outbox = current.outbox;
    },
    async tick() {
      clock.advance(settings.times.tickMs);
      for (const life of known.filter((one) => one.beats)) await beatOnce(store, life);
      const result = await current.watchdog.tick();
      await it.outbox.run();
      return result;
    },
    async run(ms) {
      const end = clock.monotonic() + ms;
      while (clock.monotonic() < end) await it.tick();
    },
    async until(what, limitMs, holds) {
      const from = clock.monotonic();
      while (!(await holds())) {
        if (clock.monotonic() - from > limitMs) throw new Error(`${limitMs} ms without ${what}`);
        await it.tick();
      }
      return clock.monotonic() - from;
    },
    async register(service, ref, part = {}) {
      const id = uuidv7(clock);
      const life: TestLife = { id, ref, beats: true, beat: { ...BEAT, ...part } };
      const row = { id, service, process: ref, version: '0.1.0', configHash: 'h' };
      await store.instances.register(row);
      await beatOnce(store, life);
      known.push(life);
      return life;
    },
    titles: () => server.messages().map((message) => message.title),
    lastKill: async () => (await watch.killsSince(0)).at(-1),
  };
  return it;
}

/** A watchdog and its outbox, as one process has them. */
function oneLife(
  { watch, facts, settingsError, brake, haltNews, summary, ownTrouble, signal }: Parts,
  settings: Settings,
  { clock, signals, url }: { clock: ManualClock; signals: string[]; url: string },
): { readonly outbox: Outbox; readonly watchdog: Watchdog } {
  const phone = { name: 'phone', server: url, topic: 't', token: null };
  const channels = [ntfyChannel(phone, post, clock)];
  const outbox = new Outbox({ store: watch, channels, clock, random: () => 0.5 });
  const ladder = new Ladder({
    store: watch,
    processes: noting({ ...systemProcesses(), ...(signal && { signal }) }, signals),
    clock,
    times: settings.times,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    reread: () => lives(facts, clock),
  });
  const base = { facts, store: watch, settings, settingsError, clock, outbox, ladder };
  const more = {
    ...(brake === undefined ? {} : { brake: brake() }),
    ...(haltNews === undefined ? {} : { haltNews: haltNews() }),
    ...(summary === undefined ? {} : { summary: summary() }),
    ...(ownTrouble === undefined ? {} : { ownTrouble }),
  };
  return { outbox, watchdog: new Watchdog({ ...base, ...more }) };
}

/** Settings with the default times and nothing else in them. */
export function settingsOf(): Settings {
  return {
    file: null,
    dir: '/',
    hash: 'hash',
    version: 1,
    timezone: 'UTC',
    budgets: [],
    endpoints: [],
    models: {},
    agents: [],
    actions: {},
    alerts: DEFAULT_ALERTS,
    times: DEFAULT_TIMES,
    concurrency: 1,
    sandbox: 'auto',
    maxWaitMs: 86_400_000,
    retention: DEFAULT_RETENTION,
    drillSchedule: null,
  };
}

/** Starts a tiny program of `fixtures/`. */
export async function startFixture(name: 'stubborn' | 'obedient'): Promise<Child> {
  const child = spawnNode([fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url))]);
  await child.prints('up');
  return child;
}

/** The provable name of a process. */
export function refOf(pid: number): ProcessRef {
  const ref = systemProcesses().ref(pid);
  if (ref === null) throw new Error(`no process ${pid}`);
  return ref;
}

/** The provable name of a process that has ended: beats can be written for it, signals not sent. */
export async function endedRef(): Promise<ProcessRef> {
  const child = await startFixture('obedient');
  const ref = refOf(child.pid);
  child.kill('SIGKILL');
  await gone(ref);
  return ref;
}

/** Waits, in real time, until a process that was signalled has ended. */
export async function gone(ref: ProcessRef): Promise<void> {
  const dead = (): boolean => systemProcesses().liveness(ref) !== 'alive';
  await waitUntil(dead, { what: `process ${ref.pid} to end` });
}

async function beatOnce(store: Store, life: TestLife): Promise<void> {
  const beat = life.beat as { -readonly [Name in keyof Beat]: Beat[Name] };
  beat.loopSeq += 1;
  await store.instances.beat(life.id, beat);
}

function noting(processes: Processes, signals: string[]): Processes {
  return {
    ...processes,
    signal(ref, signal) {
      const outcome = processes.signal(ref, signal);
      if (outcome === 'sent') signals.push(`${signal} ${ref.pid}`);
      return outcome;
    },
  };
}
