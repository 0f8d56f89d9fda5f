import type { Rule } from './rule.ts';

/** Reports whose job is gone, except the last delivered one of each agent: the next run is given it. */
export const reports: Rule = {
  find: (db, before, limit) => db.all<{ id: string }>(OLD, { before, limit }).map((it) => it.id),
  remove(db, ids) {
    db.run('DELETE FROM reports WHERE id IN (SELECT value FROM json_each(:ids))', { ids });
  },
};

const OLD = `
  SELECT id FROM reports r
  WHERE created_at < :before
    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = r.job)
    AND (delivered_nusd IS NULL
         OR EXISTS (SELECT 1 FROM reports n
                    WHERE n.agent = r.agent AND n.created_at > r.created_at
                      AND n.delivered_nusd IS NOT NULL))
  ORDER BY created_at LIMIT :limit`;
