import type {
  JournalledResponse,
  SpendFilter,
  SpendRow,
  SpendTotal,
  Usage,
  WindowState,
} from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { HELD, PRESUMED, SETTLED } from './amounts.ts';
import { believedAt, readMark, type Calendar } from './believed-time.ts';

/** Job windows of running jobs that are listed at most. */
const JOB_WINDOWS_MAX = 100;

/**
 * The windows a call would count in now: each budget's hour, day or month, the global day even
 * without a budget, and the caps of jobs that run. Zeros where nothing was spent yet.
 */
export function currentWindows(
  db: Connection,
  calendar: Calendar,
  now: number,
): readonly WindowState[] {
  const { timezone, highAt } = readMark(db);
  const { keys } = calendar.at(believedAt(now, highAt), timezone);
  const limit = JOB_WINDOWS_MAX;
  return [...db.all<WindowState>(SPANS, { ...keys }), ...db.all<WindowState>(JOBS, { limit })];
}

/** Newest first. */
export function spendRows(db: Connection, { job, limit }: SpendFilter): readonly SpendRow[] {
  const rows =
    job === undefined
      ? db.all<RawSpend>(`${ROWS} ORDER BY taken_at DESC, id DESC LIMIT ?`, [limit])
      : db.all<RawSpend>(`${ROWS} WHERE job = ? ORDER BY taken_at DESC, id DESC LIMIT ?`, [
          job,
          limit,
        ]);
  return rows.map((it) => ({
    ...it,
    usage: it.usage === null ? null : (JSON.parse(it.usage) as Usage),
  }));
}

/** Dearest first; days newest first. A day whose calls were folded counts whole. */
export function totals(
  db: Connection,
  by: 'agent' | 'model' | 'day',
  sinceAt: number,
): readonly SpendTotal[] {
  const order = by === 'day' ? 'name DESC' : 'settledNusd + heldNusd + presumedNusd DESC, name';
  return db.all<SpendTotal>(
    `WITH parts AS (
       SELECT ${by} AS name, count(*) AS calls, sum(${SETTLED}) AS settled, sum(${HELD}) AS held,
              sum(${PRESUMED}) AS presumed
       FROM spend WHERE taken_at >= :sinceAt GROUP BY ${by}
       UNION ALL
       SELECT ${by}, sum(calls), sum(settled_nusd), 0, sum(presumed_nusd)
       FROM spend_days WHERE last_at >= :sinceAt GROUP BY ${by}
     )
     SELECT name, sum(calls) AS calls, sum(settled) AS settledNusd, sum(held) AS heldNusd,
            sum(presumed) AS presumedNusd
     FROM parts GROUP BY name ORDER BY ${order}`,
    { sinceAt },
  );
}

/** The complete answer that was kept for exactly this request of this step. */
export function journalled(
  db: Connection,
  job: string,
  step: string,
  ordinal: number,
  requestHash: string,
): JournalledResponse | null {
  const row = db.one<{ status: number; headers: string; body: Uint8Array }>(
    `SELECT status, headers, body FROM calls
     WHERE job = ? AND step = ? AND ordinal = ? AND request_hash = ?`,
    [job, step, ordinal, requestHash],
  );
  if (row === undefined) return null;
  const headers = JSON.parse(row.headers) as [string, string][];
  return { status: row.status, headers, body: new Uint8Array(row.body) };
}

interface RawSpend extends Omit<SpendRow, 'usage'> {
  readonly usage: string | null;
}

const COUNTERS = `
  coalesce(w.settled_nusd, 0) AS settledNusd, coalesce(w.held_nusd, 0) AS heldNusd,
  coalesce(w.presumed_nusd, 0) AS presumedNusd`;

const SPANS = `
  WITH caps AS (
    SELECT scope, window, cap_nusd AS cap FROM budgets WHERE window IN ('hour', 'day', 'month')
    UNION ALL
    SELECT 'global', 'day', 0 WHERE NOT EXISTS
      (SELECT 1 FROM budgets WHERE scope = 'global' AND window = 'day')
  ), named AS (
    SELECT scope, window, cap,
           CASE window WHEN 'hour' THEN :hour WHEN 'day' THEN :day ELSE :month END AS key
    FROM caps
  )
  SELECT n.scope, n.window, n.key, n.cap + coalesce(w.raised_nusd, 0) AS capNusd, ${COUNTERS}
  FROM named n
  LEFT JOIN budget_windows w ON w.scope = n.scope AND w.window = n.window AND w.key = n.key
  ORDER BY n.scope <> 'global', n.scope, instr('hour day month', n.window)`;

const JOBS = `
  SELECT b.scope, b.window, j.id AS key, b.cap_nusd AS capNusd, ${COUNTERS}
  FROM jobs j
  JOIN budgets b ON b.window = 'job' AND b.scope IN ('global', 'agent:' || j.agent)
  LEFT JOIN budget_windows w ON w.scope = b.scope AND w.window = 'job' AND w.key = j.id
  WHERE j.state = 'running'
  ORDER BY b.scope <> 'global', b.scope, j.id
  LIMIT :limit`;

const ROWS = `
  SELECT id, job, attempt, agent, step, ordinal, endpoint, model, price_version AS priceVersion,
         bound_nusd AS boundNusd, actual_nusd AS actualNusd, state, outcome, usage,
         taken_at AS takenAt, sent_at AS sentAt, ended_at AS endedAt
  FROM spend`;
