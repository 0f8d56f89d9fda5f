import { NightshiftError } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { PRESUMED, SETTLED } from '../ledger/amounts.ts';
import type { Rule } from './rule.ts';

/**
 * Calls that are over and whose job is gone become part of a total of their day, agent and model,
 * and of the folded part of each of their windows, in the transaction that removes the row. A row
 * whose window is missing stays: `verify` tells of it, and folding it would hide that.
 */
export const spendRows: Rule = {
  find: (db, before, limit) => idsOf(db, OLD_CALLS, before, limit),
  remove(db, ids) {
    const count = (JSON.parse(ids) as unknown[]).length;
    db.run(FOLD_INTO_DAYS, { ids });
    db.run(FOLD_INTO_WINDOWS, { ids });
    if (db.run(DELETE_CALLS, { ids }) === count) return;
    throw new NightshiftError('retention-miscounted', 'calls to fold changed while being folded');
  },
};

/**
 * Windows that nothing can count in any more and whose calls are all folded: of jobs that are gone,
 * and hours. Days and months stay: they are the totals. The margin is for a clock that was set
 * back, under which an hour holds calls that were taken before it began.
 */
export const windows: Rule = {
  find: (db, before, limit) => idsOf(db, OLD_WINDOWS, before - WINDOW_MARGIN_MS, limit),
  remove(db, ids) {
    db.run('DELETE FROM budget_windows WHERE id IN (SELECT value FROM json_each(:ids))', { ids });
  },
};

/** Twice as far as a clock may lie behind before the ledger stops waiting for it. */
const WINDOW_MARGIN_MS = 3 * 24 * 3_600_000;

function idsOf(
  db: Connection,
  sql: string,
  before: number,
  limit: number,
): readonly (string | number)[] {
  return db.all<{ id: string | number }>(sql, { before, limit }).map((it) => it.id);
}

const OLD_CALLS = `
  SELECT id FROM spend
  WHERE taken_at < :before AND state <> 'held'
    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = spend.job)
    AND NOT EXISTS (SELECT 1 FROM json_each(spend.windows) e
                    WHERE NOT EXISTS (SELECT 1 FROM budget_windows w WHERE w.id = e.value))
  ORDER BY taken_at LIMIT :limit`;

const FOLD_INTO_DAYS = `
  INSERT INTO spend_days (day, agent, model, calls, settled_nusd, presumed_nusd, last_at)
  SELECT day, agent, model, count(*), sum(${SETTLED}), sum(${PRESUMED}), max(taken_at)
  FROM spend WHERE id IN (SELECT value FROM json_each(:ids))
  GROUP BY day, agent, model
  ON CONFLICT (day, agent, model) DO UPDATE SET
    calls = calls + excluded.calls,
    settled_nusd = settled_nusd + excluded.settled_nusd,
    presumed_nusd = presumed_nusd + excluded.presumed_nusd,
    last_at = max(last_at, excluded.last_at)`;

const FOLD_INTO_WINDOWS = `
  UPDATE budget_windows AS w
  SET folded_settled_nusd = w.folded_settled_nusd + s.settled,
      folded_presumed_nusd = w.folded_presumed_nusd + s.presumed
  FROM (SELECT e.value AS id, sum(${SETTLED}) AS settled, sum(${PRESUMED}) AS presumed
        FROM spend, json_each(spend.windows) e
        WHERE spend.id IN (SELECT value FROM json_each(:ids)) GROUP BY e.value) s
  WHERE w.id = s.id`;

const DELETE_CALLS = `
  DELETE FROM spend WHERE state <> 'held' AND id IN (SELECT value FROM json_each(:ids))`;

const OLD_WINDOWS = `
  SELECT id FROM budget_windows w
  WHERE window IN ('job', 'hour') AND opened_at < :before
    AND settled_nusd = folded_settled_nusd AND presumed_nusd = folded_presumed_nusd
    AND held_nusd = 0
    AND (window = 'hour' OR (NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = w.key)
                             AND NOT EXISTS (SELECT 1 FROM spend s WHERE s.job = w.key)))
  LIMIT :limit`;
