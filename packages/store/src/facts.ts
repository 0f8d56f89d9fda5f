import type { FactStore, Facts, HaltState } from '@nightshift/domain';
import { listBreakers } from './breakers.ts';
import type { Connection } from './connection.ts';
import { diskOf, readUpkeep } from './facts/upkeep.ts';
import { currentInstances } from './instances.ts';
import { isAnyClaimable } from './jobs/claim.ts';
import { countJobs } from './jobs/queries.ts';
import { toJob, type JobRow } from './jobs/rows.ts';
import { COMMITTED } from './ledger/amounts.ts';
import { Calendar } from './ledger/believed-time.ts';
import { currentWindows } from './ledger/reading.ts';
import type { Store } from './open.ts';
import { toReport, type ReportRow } from './reports.ts';
import { connectionOf } from './store-connection.ts';

/** Dead jobs and reports in one tick; the others come with the next. */
const NEWS_MAX = 50;
const MINUTES_5 = 5 * 60_000;
const HOUR = 3_600_000;
/** How far back an agent's usual hour is looked for, and how many calls of it at most. */
const USUAL_SPAN_MS = 14 * 24 * HOUR;
const USUAL_ROWS_MAX = 20_000;
/** The usual hour is history: it is read again this seldom. */
const USUAL_FRESH_MS = 10 * 60_000;

/**
 * What the watchdog looks at, in one short snapshot: every list is bounded and nothing here grows
 * with the age of the database, so it never keeps the write-ahead log from being cut back. The
 * usual hour alone is a longer look, and a seldom one of its own.
 *
 * `stopFile` says whether the STOP file is there, or cannot be looked at.
 * The read rejects when the database cannot be read; that is a finding of its own for the caller.
 */
export function createFactStore(
  store: Store,
  stopFile: () => boolean | Promise<boolean>,
): FactStore {
  const { db, clock } = connectionOf(store);
  const calendar = new Calendar();
  let usual: { readonly readAt: number; readonly hours: UsualHours } | undefined;
  return {
    read: async ({ deadSince, reportsSince }): Promise<Facts> => {
      const now = clock.now();
      // Also when the clock was set back: the age must lie within the span, not only below it.
      if (usual === undefined || Math.abs(now - usual.readAt) >= USUAL_FRESH_MS) {
        usual = { readAt: now, hours: await db.read(() => usualHours(db, now)) };
      }
      const { hours } = usual;
      const rows = await db.read(() => ({
        halt: haltState(db),
        instances: currentInstances(db),
        windows: currentWindows(db, calendar, now),
        spendRate: spendRate(db, hours, now),
        ...queueFacts(db, now),
        dead: db.all<JobRow>(DEAD, [deadSince, NEWS_MAX]).map(toJob),
        breakers: listBreakers(db),
        reports: db.all<ReportRow>(REPORTS, [reportsSince, NEWS_MAX]).map(toReport),
        ...readUpkeep(db, now),
      }));
      const disk = diskOf(db.file);
      return { now, ...rows, halt: { ...rows.halt, stopFile: await stopFile() }, disk };
    },
  };
}

type UsualHours = ReadonlyMap<string, number>;

function haltState(db: Connection): HaltState {
  const row = db.one<Omit<HaltState, 'halted'> & { halted: 0 | 1 }>(
    'SELECT halted, reason, who, at FROM control WHERE id = 1',
  )!;
  return { ...row, halted: row.halted === 1 };
}

function queueFacts(
  db: Connection,
  now: number,
): Pick<Facts, 'queue' | 'claimable' | 'queueLagMs'> {
  const { oldest } = db.one<{ oldest: number | null }>(OLDEST_READY)!;
  return {
    queue: countJobs(db),
    claimable: isAnyClaimable(db, now),
    queueLagMs: oldest === null ? 0 : Math.max(0, now - oldest),
  };
}

function spendRate(db: Connection, usual: UsualHours, now: number): Facts['spendRate'] {
  const rows = db.all<{ agent: string; last5mNusd: number; last1hNusd: number }>(RATE, {
    since: now - HOUR,
    recent: now - MINUTES_5,
  });
  return rows.map((it) => ({ ...it, usualHourNusd: usual.get(it.agent) ?? 0 }));
}

/** Median over the hours in which an agent spent anything, without the hour that is running. */
function usualHours(db: Connection, now: number): UsualHours {
  const thisHour = Math.floor(now / HOUR) * HOUR;
  const rows = db.all<{ agent: string; spent: number }>(HOURS, {
    since: thisHour - USUAL_SPAN_MS,
    until: thisHour,
    limit: USUAL_ROWS_MAX,
    hour: HOUR,
  });
  const byAgent = Map.groupBy(rows, (it) => it.agent);
  return new Map([...byAgent].map(([agent, hours]) => [agent, median(hours.map((h) => h.spent))]));
}

/** Of two in the middle the lower one: the result is an amount that was really spent. */
function median(amounts: readonly number[]): number {
  const sorted = amounts.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

const OLDEST_READY = 'SELECT min(ready_at) AS oldest FROM jobs WHERE ready = 1';

const DEAD = `
  SELECT * FROM jobs WHERE state = 'dead' AND finished_at > ?
  ORDER BY finished_at DESC LIMIT ?`;

const REPORTS = `
  SELECT * FROM reports WHERE created_at > ? AND notify = 1
  ORDER BY created_at, id LIMIT ?`;

const RATE = `
  SELECT agent, sum(CASE WHEN taken_at > :recent THEN ${COMMITTED} ELSE 0 END) AS last5mNusd,
         sum(${COMMITTED}) AS last1hNusd
  FROM spend WHERE taken_at > :since GROUP BY agent ORDER BY agent`;

const HOURS = `
  SELECT agent, sum(committed) AS spent
  FROM (SELECT agent, taken_at, ${COMMITTED} AS committed FROM spend
        WHERE taken_at >= :since AND taken_at < :until ORDER BY taken_at DESC LIMIT :limit)
  GROUP BY agent, CAST(taken_at / :hour AS INTEGER)
  HAVING sum(committed) > 0`;
