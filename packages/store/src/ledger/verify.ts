import { formatUsd } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { COMMITTED, HELD, PRESUMED, SETTLED } from './amounts.ts';

/**
 * Recomputes every counter from the rows that explain it and from what was folded of them, over
 * one snapshot. Each disagreement is a sentence; none means that they agree to the nano-dollar.
 */
export function verify(db: Connection): readonly string[] {
  return [
    ...wrongCounters(db),
    ...lostWindows(db),
    ...wrongAttempts(db),
    ...wrongDays(db),
    ...wrongRaises(db),
  ];
}

function wrongCounters(db: Connection): string[] {
  return db.all<Counters>(COUNTERS).map((w) => {
    const parts = (['settled', 'held', 'presumed'] as const)
      .filter((it) => w[it] !== w[`${it}Rows`])
      .map((it) => `${it} ${formatUsd(w[it])}, rows say ${formatUsd(w[`${it}Rows`])}`);
    return `${w.scope} ${w.window} ${w.key}: ${parts.join('; ')}`;
  });
}

function lostWindows(db: Connection): string[] {
  return db
    .all<{ id: string; day: string }>(LOST)
    .map((it) => `call ${it.id} of ${it.day} counts in a window that has no row`);
}

function wrongAttempts(db: Connection): string[] {
  return db
    .all<{ job: string; n: number; spent: number; rows: number }>(ATTEMPTS)
    .map(
      (it) =>
        `attempt ${it.n} of job ${it.job}: spent ${formatUsd(it.spent)}, ` +
        `rows say ${formatUsd(it.rows)}`,
    );
}

function wrongDays(db: Connection): string[] {
  return db
    .all<{ day: string; windows: number; totals: number }>(DAYS)
    .map(
      (it) =>
        `day ${it.day}: ${formatUsd(it.windows)} of its window were folded, ` +
        `its totals say ${formatUsd(it.totals)}`,
    );
}

/** Nobody raised a cap without leaving his name. */
function wrongRaises(db: Connection): string[] {
  return db
    .all<{ scope: string; key: string; raised: number; rows: number }>(RAISES)
    .map(
      (it) =>
        `${it.scope} ${it.key}: raised by ${formatUsd(it.raised)}, rows say ${formatUsd(it.rows)}`,
    );
}

interface Counters {
  readonly scope: string;
  readonly window: string;
  readonly key: string;
  readonly settled: number;
  readonly held: number;
  readonly presumed: number;
  readonly settledRows: number;
  readonly heldRows: number;
  readonly presumedRows: number;
}

const COUNTERS = `
  WITH sums AS (
    SELECT e.value AS id, sum(${SETTLED}) AS settled, sum(${HELD}) AS held,
           sum(${PRESUMED}) AS presumed
    FROM spend, json_each(spend.windows) e GROUP BY e.value
  )
  SELECT w.scope, w.window, w.key,
         w.settled_nusd AS settled, w.held_nusd AS held, w.presumed_nusd AS presumed,
         coalesce(s.settled, 0) + w.folded_settled_nusd AS settledRows,
         coalesce(s.held, 0) AS heldRows,
         coalesce(s.presumed, 0) + w.folded_presumed_nusd AS presumedRows
  FROM budget_windows w LEFT JOIN sums s ON s.id = w.id
  WHERE w.settled_nusd <> coalesce(s.settled, 0) + w.folded_settled_nusd
     OR w.held_nusd <> coalesce(s.held, 0)
     OR w.presumed_nusd <> coalesce(s.presumed, 0) + w.folded_presumed_nusd
  ORDER BY w.id`;

// A call without the global day of its own date, or with a window that is gone.
const LOST = `
  SELECT id, day FROM spend
  WHERE EXISTS (SELECT 1 FROM json_each(spend.windows) e
                WHERE NOT EXISTS (SELECT 1 FROM budget_windows w WHERE w.id = e.value))
     OR NOT EXISTS (SELECT 1 FROM json_each(spend.windows) e JOIN budget_windows w ON w.id = e.value
                    WHERE w.scope = 'global' AND w.window = 'day' AND w.key = spend.day)
  ORDER BY id`;

// What was folded out of a day's window is in the totals of that day, and nothing else is.
const DAYS = `
  WITH totals AS (
    SELECT day, sum(settled_nusd + presumed_nusd) AS nusd FROM spend_days GROUP BY day
  ), windows AS (
    SELECT key AS day, folded_settled_nusd + folded_presumed_nusd AS nusd
    FROM budget_windows WHERE scope = 'global' AND window = 'day'
  )
  SELECT day, coalesce(w.nusd, 0) AS windows, coalesce(t.nusd, 0) AS totals
  FROM windows w FULL JOIN totals t USING (day)
  WHERE coalesce(w.nusd, 0) <> coalesce(t.nusd, 0)
  ORDER BY day`;

// An attempt notes its sum when it ends; its rows may be pruned after that, so no rows say nothing.
const ATTEMPTS = `
  WITH sums AS (SELECT job, attempt, sum(${COMMITTED}) AS rows FROM spend GROUP BY job, attempt)
  SELECT a.job, a.n, a.spent_nusd AS spent, s.rows
  FROM attempts a JOIN sums s ON s.job = a.job AND s.attempt = a.n
  WHERE a.ended_at IS NOT NULL AND a.spent_nusd <> s.rows
  ORDER BY a.job, a.n`;

const RAISES = `
  WITH sums AS (SELECT window AS id, sum(add_nusd) AS rows FROM budget_raises GROUP BY window)
  SELECT w.scope, w.key, w.raised_nusd AS raised, coalesce(s.rows, 0) AS rows
  FROM budget_windows w LEFT JOIN sums s ON s.id = w.id
  WHERE w.raised_nusd <> coalesce(s.rows, 0)
  ORDER BY w.id`;
