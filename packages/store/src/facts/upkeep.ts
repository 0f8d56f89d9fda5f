import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Facts, ServiceName } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { waitingDrafts } from '../drafts/rows.ts';
import { newestRuns } from '../drills.ts';

const MINUTES_10 = 10 * 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LIST_MAX = 50;
/** Jobs behind a gate that are looked at; of more than these the count is too low. */
const WAITING_MAX = 5_000;
/** Denials that are added up; of a flood the newest. */
const DENIED_MAX = 1_000;

type Upkeep = Pick<
  Facts,
  | 'attempts'
  | 'schedules'
  | 'deadLastHour'
  | 'overBound'
  | 'holds'
  | 'starts'
  | 'highAt'
  | 'capWaits'
  | 'denied'
  | 'drafts'
  | 'drills'
  | 'installedAt'
>;

/**
 * What goes wrong slowly, for the caller's transaction: each over an index, or over a table that
 * stays small.
 */
export function readUpkeep(db: Connection, now: number): Upkeep {
  const hourAgo = now - HOUR;
  return {
    attempts: db.all<Upkeep['attempts'][number]>(ATTEMPTS, [LIST_MAX]),
    schedules: db.all<Upkeep['schedules'][number]>(SCHEDULES),
    deadLastHour: countOf(db, DEAD_SINCE, hourAgo),
    overBound: db.all<Upkeep['overBound'][number]>(OVER_BOUND, [hourAgo, LIST_MAX]),
    holds: db.one<Upkeep['holds']>(HOLDS)!,
    starts: db.all<{ service: ServiceName; count: number }>(STARTS, [now - MINUTES_10]),
    highAt: countOf(db, HIGH_AT),
    capWaits: capWaits(db),
    denied: denied(db, now - DAY),
    drafts: waitingDrafts(db, now),
    drills: newestRuns(db),
    installedAt: countOf(db, INSTALLED),
  };
}

/**
 * Free for whoever is not root, and the size of the log. Only names are looked up: opening the
 * files here would drop the locks that SQLite holds on them.
 */
export function diskOf(file: string): Facts['disk'] {
  const { bavail, bsize, ffree, files } = statfsSync(dirname(file));
  const wal = statSync(`${file}-wal`, { throwIfNoEntry: false });
  return {
    freeBytes: bavail * bsize,
    // btrfs and its like have no table of inodes, and say 0 of 0.
    freeInodes: files === 0 ? null : ffree,
    walBytes: wal?.size ?? 0,
  };
}

function capWaits(db: Connection): Upkeep['capWaits'] {
  const rows = db.all<{ agent: string; jobs: number; untilAt: number }>(CAP_WAITS, [WAITING_MAX]);
  return {
    jobs: rows.reduce((sum, it) => sum + it.jobs, 0),
    agents: rows.slice(0, LIST_MAX).map((it) => it.agent),
    untilAt: rows.length === 0 ? null : Math.min(...rows.map((it) => it.untilAt)),
  };
}

function denied(db: Connection, since: number): Upkeep['denied'] {
  const rows = db.all<Upkeep['denied'][number]>(DENIED, { since, limit: DENIED_MAX });
  return rows.map(({ agent, attempts, jobs, last }) => ({ agent, attempts, jobs, last }));
}

function countOf(db: Connection, sql: string, ...params: number[]): number {
  return db.one<{ n: number }>(sql, params)?.n ?? 0;
}

const ATTEMPTS = `
  SELECT j.id AS job, a.n AS attempt, j.agent FROM jobs j
  JOIN attempts a ON a.job = j.id AND a.n = j.claims
  WHERE j.state = 'running' ORDER BY a.started_at LIMIT ?`;

const SCHEDULES = 'SELECT agent, cursor_at AS cursorAt FROM schedules ORDER BY agent';

const DEAD_SINCE = `SELECT count(*) AS n FROM jobs WHERE state = 'dead' AND finished_at > ?`;

const OVER_BOUND = `
  SELECT agent, endpoint, model, count(*) AS calls, sum(actual_nusd - bound_nusd) AS excessNusd
  FROM spend WHERE taken_at > ? AND actual_nusd > bound_nusd
  GROUP BY agent, endpoint, model ORDER BY agent, endpoint, model LIMIT ?`;

const HOLDS = `SELECT count(*) AS count, min(taken_at) AS oldestAt FROM spend WHERE state = 'held'`;

const STARTS = `
  SELECT service, count(*) AS count FROM instances WHERE started_at > ? AND service <> 'run'
  GROUP BY service ORDER BY service`;

const HIGH_AT = 'SELECT high_at AS n FROM control WHERE id = 1';

const CAP_WAITS = `
  SELECT agent, count(*) AS jobs, min(run_after) AS untilAt
  FROM (SELECT agent, run_after FROM jobs
        WHERE state = 'queued' AND wait_since IS NOT NULL AND ready = 0 AND wait_reason = 'cap'
        LIMIT ?)
  GROUP BY agent ORDER BY agent`;

// An event says how often its job had tried that kind of thing by then. With max(id) SQLite takes
// the other columns from that very row (https://sqlite.org/lang_select.html#bareagg).
const DENIED = `
  SELECT agent, sum(count) AS attempts, count(DISTINCT ref) AS jobs, message AS last, max(id)
  FROM (SELECT id, ref, data ->> 'agent' AS agent, data ->> 'message' AS message,
               max(data ->> 'count') AS count
        FROM (SELECT id, ref, data FROM events
              WHERE kind IN ('egress.denied', 'sandbox.denied') AND at > :since
              ORDER BY at DESC LIMIT :limit)
        GROUP BY ref, data ->> 'reason')
  GROUP BY agent ORDER BY agent`;

const INSTALLED = `SELECT CAST(value AS INTEGER) AS n FROM meta WHERE name = 'created_at'`;
