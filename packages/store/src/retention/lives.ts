import type { Rule } from './rule.ts';

/** Lives of services that have ended and that nothing refers to; the newest of each service stays. */
export const lives: Rule = {
  find: (db, before, limit) => db.all<{ id: string }>(OLD, { before, limit }).map((it) => it.id),
  remove(db, ids) {
    db.run('DELETE FROM instances WHERE id IN (SELECT value FROM json_each(:ids))', { ids });
  },
};

// One that never said goodbye has ended too, once it has not beaten for so long.
const OLD = `
  SELECT i.id FROM instances i
  WHERE coalesce(i.stopped_at, i.beat_at) < :before
    AND i.rowid < (SELECT max(n.rowid) FROM instances n WHERE n.service = i.service)
    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.state = 'running' AND j.instance = i.id)
    AND NOT EXISTS (SELECT 1 FROM spend s WHERE s.state = 'held' AND s.instance = i.id)
  ORDER BY i.rowid LIMIT :limit`;
