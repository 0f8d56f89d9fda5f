import type { Connection } from '../connection.ts';
import type { Rule } from './rule.ts';

/** The oldest events. */
export const eventRows: Rule = stream('events');

/** The oldest rows of the audit. */
export const auditRows: Rule = stream('audit');

/**
 * Rows of a stream go from its head, by their number: a time in it may be wrong, where the clock
 * was. So one with a time ahead of its neighbours goes with them.
 */
function stream(table: 'events' | 'audit'): Rule {
  return {
    find(db, before, limit) {
      const head = db.all<{ id: number; at: number }>(
        `SELECT id, at FROM ${table} ORDER BY id LIMIT ?`,
        [limit],
      );
      const last = head.findLastIndex((it) => it.at < before);
      return head.slice(0, last + 1).map((it) => it.id);
    },
    remove: (db: Connection, ids) => {
      db.run(`DELETE FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`, [ids]);
    },
  };
}
