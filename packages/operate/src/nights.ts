import {
  DEFAULT_TIMES,
  type Delivery,
  type Incident,
  type Settings,
  type Times,
} from '@nightshift/domain';
import { openStore, readNightFacts, type WatchReader } from '@nightshift/store';
import type { Installation } from './installation.ts';
import { daysUntil } from './nights/days.ts';
import { judgeDay, type NightDay, type ToldAlert } from './nights/judge.ts';

const DAY_MS = 24 * 3_600_000;
/** Incidents that are looked at, newest first: more than a week of a broken installation makes. */
const INCIDENTS_MAX = 5_000;
/** Under this name the watchdog keeps the settings it runs on. */
const LAST_GOOD = 'settings:last-good';

/** The last nights, and whether all of them passed without anybody. */
export interface Nights {
  readonly timezone: string;
  /** Oldest first; today, which is not over, comes last and is not judged. */
  readonly days: readonly NightDay[];
  /** How many whole days up to yesterday ran unattended within every limit, without a break. */
  readonly consecutive: number;
  /** All whole days that were asked for did. */
  readonly ok: boolean;
}

/**
 * What the last `days` whole days were, from the two databases alone: no configuration is read and
 * nothing is written. For the resident shape: where cron starts everything, no service is up and no
 * day can pass.
 * @throws NightshiftError (78 or 75) when the shared database cannot be read
 */
export async function readNights(
  installation: Installation,
  request: { readonly days: number },
): Promise<Nights> {
  const { paths, clock } = installation;
  const now = clock.now();
  // A day more on each side than any zone's day can be off.
  const sinceAt = now - (request.days + 2) * DAY_MS;
  const store = await openStore({ stateDir: paths.dir, clock, mode: 'existing', readonly: true });
  try {
    const facts = await readNightFacts(store, sinceAt);
    const watch = await installation.watchStore();
    const alerts = watch === null ? null : await toldSince(watch, sinceAt);
    const times = watch === null ? DEFAULT_TIMES : await lastGoodTimes(watch);
    const spans = daysUntil(now, request.days, facts.timezone);
    const days = spans.map((span) => judgeDay(span, { facts, alerts, times, now }));
    const whole = days.filter((it) => it.whole);
    const broken = whole.findLastIndex((it) => !it.ok);
    const consecutive = whole.length - 1 - broken;
    return { timezone: facts.timezone, days, consecutive, ok: consecutive >= request.days };
  } finally {
    store.close();
  }
}

/** What was told, or is still open, with every message about it. */
async function toldSince(watch: WatchReader, sinceAt: number): Promise<readonly ToldAlert[]> {
  const known = new Map<string, Incident>();
  for (const it of await watch.incidents(INCIDENTS_MAX)) known.set(it.id, it);
  for (const it of await watch.openIncidents()) known.set(it.id, it);
  const told: ToldAlert[] = [];
  for (const incident of known.values()) {
    if (incident.openedAt === null) continue;
    if (incident.resolvedAt !== null && incident.resolvedAt < sinceAt) continue;
    const deliveries: readonly Delivery[] = await watch.deliveriesOf(incident.id);
    told.push({ incident, deliveries });
  }
  return told.toSorted((a, b) => a.incident.firstSeenAt - b.incident.firstSeenAt);
}

/** The times the services run on, as the watchdog remembers them. */
async function lastGoodTimes(watch: WatchReader): Promise<Times> {
  const text = await watch.recall(LAST_GOOD);
  if (text === null) return DEFAULT_TIMES;
  const { times } = JSON.parse(text) as Partial<Settings>;
  return { ...DEFAULT_TIMES, ...times };
}
