import { slotKey } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import type { Rule } from './rule.ts';

interface SlotKey {
  readonly agent: string;
  readonly at: number;
}

/**
 * Slots become counts of their day. Only the oldest ones of an agent in a row, up to its cursor and
 * up to the first whose job is still there: then everything up to the mark is folded, and a slot
 * that is asked about again is known by the mark alone, so the keys of their jobs go with them.
 */
export const slots: Rule = {
  find(db, before, limit) {
    for (const agent of agents(db)) {
      const found = oldSlots(db, agent, before, limit);
      // The ids of one agent: a mark moves for one agent at a time.
      if (found.length > 0) return found.map((at) => JSON.stringify([agent, at]));
    }
    return [];
  },
  remove(db, ids) {
    const keys = (JSON.parse(ids) as string[]).map((it) => JSON.parse(it) as [string, number]);
    const folded = keys.map(([agent, at]): SlotKey => ({ agent, at }));
    const { agent, at } = folded.at(-1)!;
    db.run(FOLD, { agent, until: at });
    const used = JSON.stringify(folded.map((it) => slotKey(it.agent, it.at)));
    db.run('DELETE FROM job_keys WHERE key IN (SELECT value FROM json_each(?))', [used]);
    db.run('DELETE FROM slots WHERE agent = ? AND scheduled_for <= ?', [agent, at]);
    db.run(MARK, { agent, until: at });
  },
};

/** Names along the index, one step each. */
function* agents(db: Connection): Generator<string> {
  const next = 'SELECT min(agent) AS agent FROM slots WHERE agent > ?';
  for (let name = ''; ;) {
    const row = db.one<{ agent: string | null }>(next, [name]);
    if (row?.agent === undefined || row.agent === null) return;
    name = row.agent;
    yield name;
  }
}

function oldSlots(db: Connection, agent: string, before: number, limit: number): number[] {
  const rows = db.all<{ at: number; kept: 0 | 1 }>(OLD, { agent, before, limit });
  const firstKept = rows.findIndex((it) => it.kept === 1);
  return (firstKept === -1 ? rows : rows.slice(0, firstKept)).map((it) => it.at);
}

// A schedule that is gone has no cursor and decides no more slots.
const OLD = `
  SELECT s.scheduled_for AS at,
         EXISTS (SELECT 1 FROM jobs j WHERE j.id = s.job) AS kept
  FROM slots s
  WHERE s.agent = :agent AND s.scheduled_for < :before
    AND s.scheduled_for <= coalesce(
      (SELECT cursor_at FROM schedules c WHERE c.agent = :agent), s.scheduled_for)
  ORDER BY s.scheduled_for LIMIT :limit`;

const FOLD = `
  INSERT INTO slot_days (agent, day, status, reason, count)
  SELECT agent, scheduled_for / 86400000, status,
         coalesce(reason, ''), sum(count)
  FROM slots WHERE agent = :agent AND scheduled_for <= :until
  GROUP BY 2, 3, 4
  ON CONFLICT (agent, day, status, reason) DO UPDATE SET count = count + excluded.count`;

const MARK = `
  INSERT INTO slot_marks (agent, folded_until) VALUES (:agent, :until)
  ON CONFLICT (agent) DO UPDATE SET folded_until = max(folded_until, excluded.folded_until)`;
