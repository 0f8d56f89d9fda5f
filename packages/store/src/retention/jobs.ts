import type { Connection } from '../connection.ts';
import type { Rule } from './rule.ts';

/** Jobs that are done or cancelled. */
export const finishedJobs: Rule = {
  find: (db, before, limit) => oldJobs(db, `state IN ('done', 'cancelled')`, before, limit),
  remove: removeJobs,
};

/** Dead letters that nobody redrove. */
export const deadJobs: Rule = {
  find: (db, before, limit) => oldJobs(db, `state = 'dead'`, before, limit),
  remove: removeJobs,
};

/**
 * The condition is verbatim that of a partial index. A job with an open hold is not over yet, nor
 * is one whose draft waits for a person.
 */
function oldJobs(db: Connection, condition: string, before: number, limit: number): string[] {
  return db
    .all<{ id: string }>(
      `SELECT id FROM jobs
       WHERE ${condition} AND finished_at < :before
         AND NOT EXISTS (SELECT 1 FROM spend s WHERE s.job = jobs.id AND s.state = 'held')
         AND NOT EXISTS (SELECT 1 FROM drafts d WHERE d.job = jobs.id
                           AND d.state IN ('pending', 'approved', 'executing'))
       ORDER BY finished_at LIMIT :limit`,
      { before, limit },
    )
    .map((it) => it.id);
}

function removeJobs(db: Connection, ids: string, now: number): void {
  db.run(NOTE_REPORT, { ids });
  db.run(NOTE_END, { ids, now });
  for (const table of ['calls', 'steps', 'attempts']) {
    db.run(`DELETE FROM ${table} WHERE job IN (SELECT value FROM json_each(:ids))`, { ids });
  }
  db.run('DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(:ids))', { ids });
}

const NOTE_REPORT = `
  UPDATE reports
  SET delivered_nusd = (SELECT coalesce(sum(a.spent_nusd), 0) FROM attempts a
                        WHERE a.job = reports.job)
  WHERE job IN (SELECT j.id FROM json_each(:ids) e JOIN jobs j ON j.id = e.value
                WHERE j.state = 'done')`;

const NOTE_END = `
  UPDATE job_keys AS k SET ended = j.state, pruned_at = :now
  FROM json_each(:ids) e JOIN jobs j ON j.id = e.value
  WHERE k.key = j.key`;
