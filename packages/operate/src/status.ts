import type {
  Breaker,
  DraftsWaiting,
  DrillRun,
  Incident,
  Instance,
  LauncherName,
  Phase,
  QueueCounts,
  ServiceName,
  Settings,
  WindowState,
} from '@nightshift/domain';
import { DEFAULT_TIMES, errorFacts, valueOf, type Value } from '@nightshift/domain';
import { CAPS_SUPERSEDED, type Processes, systemProcesses } from '@nightshift/lifecycle';
import { createDrillStore } from '@nightshift/store';
import { type Halt, readHalt } from './halt-state.ts';
import type { Installation } from './installation.ts';

/** The period over which `status` sums value. */
export const VALUE_PERIOD_MS = 30 * 24 * 3_600_000;

/** Services that belong to an installation, in the order people read them. */
const SERVICES = ['scheduler', 'worker', 'watchdog'] as const satisfies readonly ServiceName[];

export interface ServiceStatus {
  readonly name: (typeof SERVICES)[number];
  readonly pid: number | null;
  readonly instance: string | null;
  readonly phase: Phase;
  readonly beatAgeMs: number | null;
  /** Its process lives and its beat is younger than the time after which it counts as silent. */
  readonly healthy: boolean;
}

/** What goes on, in one value. */
export interface Status {
  readonly halt: Halt;
  readonly services: readonly ServiceStatus[];
  /** The day of everybody's cap. */
  readonly day: WindowState;
  readonly windows: readonly WindowState[];
  readonly queue: QueueCounts;
  /** Drafts that wait for a person. */
  readonly drafts: DraftsWaiting;
  readonly breakers: readonly Breaker[];
  readonly incidents: readonly Incident[];
  /** Installed with `--without-alerts`: trouble may reach nobody. */
  readonly withoutAlerts: boolean;
  /** When each scheduled agent runs next, soonest first. */
  readonly next: readonly { readonly agent: string; readonly at: number }[];
  /** The newest run of each safety drill that was ever run. */
  readonly drills: readonly {
    readonly name: string;
    readonly at: number;
    readonly outcome: string;
  }[];
  /** Null when the configuration cannot be read: then nobody says what a report is worth. */
  readonly value: Value | null;
  /** What the running worker proved its sandbox with; null before one did. */
  readonly sandbox: { readonly launcher: LauncherName | null };
  /** Why the configuration could not be read, or null. */
  readonly configError: string | null;
  /** False when a newer configuration has set the caps: those of this one do not count. */
  readonly capsHold: boolean;
}

/**
 * Reads it all, in short reads. A broken configuration is a fact of the status, not the end of it.
 *
 * @throws NightshiftError (78 or 75) when the database cannot be read.
 */
export async function readStatus(
  installation: Installation,
  processes: Processes = systemProcesses(),
): Promise<Status> {
  const store = await installation.store();
  const now = installation.clock.now();
  const { settings, configError } = await trySettings(installation);
  const silentMs = settings?.times.silentMs ?? DEFAULT_TIMES.silentMs;
  const instances = await store.instances.current();
  const windows = await store.ledger.windows();
  const sinceAt = now - VALUE_PERIOD_MS;
  const delivered = await store.reports.delivered(sinceAt);
  return {
    halt: await readHalt(installation),
    services: SERVICES.map((name) => serviceStatus(name, instances, { now, silentMs, processes })),
    day: windows.find((it) => it.scope === 'global' && it.window === 'day') ?? emptyDay(now),
    windows,
    queue: await store.jobs.counts(),
    drafts: await store.drafts.waiting(),
    breakers: await store.breakers.list(),
    incidents: await openIncidents(installation),
    withoutAlerts: installation.withoutAlerts,
    next: settings === null ? [] : await nextRuns(settings, now),
    drills: drillAges(await createDrillStore(store).newest()),
    value: settings === null ? null : valueOf(settings, delivered, sinceAt),
    sandbox: { launcher: instances.find(({ service }) => service === 'worker')?.launcher ?? null },
    configError,
    capsHold: settings === null || (await store.ledger.capsVersion()) <= settings.version,
  };
}

/** Why a person should look, as sentences; empty when all is well. For `status --check`. */
export function statusProblems(status: Status): readonly string[] {
  const problems: string[] = [];
  if (status.halt.halted) problems.push(`halted: ${status.halt.reason ?? 'no reason was given'}`);
  for (const it of status.services) {
    if (!it.healthy) problems.push(`${it.name} is not healthy (${it.phase})`);
  }
  for (const it of status.breakers) {
    if (it.state !== 'closed') problems.push(`breaker ${it.name} is ${it.state}`);
  }
  const open = status.incidents.filter((it) => it.severity !== 'info').length;
  if (open > 0) problems.push(`${open} open ${open === 1 ? 'alert' : 'alerts'}`);
  if (status.queue.dead > 0) problems.push(`${status.queue.dead} dead letters`);
  if (status.configError !== null) problems.push('the configuration cannot be read');
  if (!status.capsHold) problems.push(CAPS_SUPERSEDED);
  return problems;
}

function drillAges(runs: readonly DrillRun[]): Status['drills'] {
  return runs.map(({ name, startedAt, endedAt, outcome }) => ({
    name,
    at: endedAt ?? startedAt,
    outcome,
  }));
}

async function trySettings(
  installation: Installation,
): Promise<{ settings: Settings | null; configError: string | null }> {
  try {
    return { settings: await installation.settings(), configError: null };
  } catch (error) {
    return { settings: null, configError: errorFacts(error).message };
  }
}

function serviceStatus(
  name: ServiceStatus['name'],
  instances: readonly Instance[],
  seen: { now: number; silentMs: number; processes: Processes },
): ServiceStatus {
  const life = instances.find((it) => it.service === name);
  if (life === undefined || life.stoppedAt !== null) {
    return { name, pid: null, instance: null, phase: 'stopped', beatAgeMs: null, healthy: false };
  }
  const beatAgeMs = Math.max(0, seen.now - life.beatAt);
  const liveness = seen.processes.liveness(life);
  const gone = liveness === 'dead' || liveness === 'other';
  return {
    name,
    pid: life.pid,
    instance: life.id,
    phase: gone ? 'stopped' : life.phase,
    beatAgeMs,
    healthy: !gone && beatAgeMs < seen.silentMs,
  };
}

async function openIncidents(installation: Installation): Promise<readonly Incident[]> {
  const watch = await installation.watchStore();
  if (watch === null) return [];
  return (await watch.openIncidents()).filter((it) => it.state === 'open');
}

/** The next slot of each schedule, soonest first. Loaded late: most commands need no calendar. */
async function nextRuns({ agents, timezone }: Settings, now: number): Promise<Status['next']> {
  const { nextSlots } = await import('@nightshift/schedule');
  const next: { agent: string; at: number }[] = [];
  for (const { name, schedule } of agents) {
    if (schedule === null) continue;
    const cron = schedule.kind === 'cron' ? schedule.cron : null;
    const everyMs = schedule.kind === 'every' ? schedule.everyMs : null;
    const [at] = await nextSlots({ cron, everyMs, timezone }, now, 1);
    if (at !== undefined) next.push({ agent: name, at });
  }
  return next.sort((a, b) => a.at - b.at);
}

/** A database in which no budget was ever declared: a cap of nothing. */
function emptyDay(now: number): WindowState {
  return {
    scope: 'global',
    window: 'day',
    key: new Date(now).toISOString().slice(0, 10),
    capNusd: 0,
    settledNusd: 0,
    heldNusd: 0,
    presumedNusd: 0,
  };
}
