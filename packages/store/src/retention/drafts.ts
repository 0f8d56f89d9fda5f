import type { Rule } from './rule.ts';

/**
 * Drafts that are over. One whose job is still there stays, because the same wish in the same job
 * is the same draft: without it a redrive could have a second one approved. So does one whose
 * execution is still there.
 */
export const drafts: Rule = {
  find: (db, before, limit) => db.all<{ id: string }>(OLD, { before, limit }).map((it) => it.id),
  remove(db, ids) {
    db.run('DELETE FROM drafts WHERE id IN (SELECT value FROM json_each(:ids))', { ids });
  },
};

const OLD = `
  SELECT id FROM drafts d
  WHERE created_at < :before AND ended_at < :before
    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = d.job)
    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = d.execution)
  ORDER BY created_at LIMIT :limit`;
