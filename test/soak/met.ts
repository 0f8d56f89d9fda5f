import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * What a run met, read from its evidence: a storm that met nothing proves nothing. For people; what
 * may not happen is the referee's.
 */
export function met(evidence: string, changesAt: readonly number[]): Record<string, unknown> {
  const main = reader(path.join(evidence, 'nightshift.db'));
  const watch = reader(path.join(evidence, 'watchdog.db'));
  const [span] = main.rows<{ from: number; to: number }>(
    'SELECT min(scheduled_for) AS "from", max(scheduled_for) AS "to" FROM slots',
  );
  const seen = {
    agents: main.count('SELECT count(DISTINCT agent) FROM slots'),
    clockChange: changesAt.some((at) => span !== undefined && span.from < at && at < span.to),
    calls: main.pairs('SELECT outcome, count(*) FROM spend GROUP BY 1 ORDER BY 1'),
    refusedCalls: main.pairs(
      'SELECT status, count(*) FROM spend WHERE status >= 400 GROUP BY 1 ORDER BY 1',
    ),
    attempts: main.pairs('SELECT outcome, count(*) FROM attempts GROUP BY 1 ORDER BY 1'),
    lives: main.pairs('SELECT service, count(*) FROM instances GROUP BY 1 ORDER BY 1'),
    skipped: main.pairs('SELECT reason, sum(count) FROM slots WHERE reason NOT NULL GROUP BY 1'),
    sentAgain: watch.count('SELECT count(*) FROM deliveries WHERE tries > 1'),
    incidents: watch.pairs(
      'SELECT rule, count(*) FROM incidents WHERE opened_at NOT NULL GROUP BY 1 ORDER BY 1',
    ),
    ended: watch.count('SELECT count(*) FROM kills WHERE dead_at NOT NULL'),
  };
  main.close();
  watch.close();
  return seen;
}

function reader(file: string) {
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = <T>(sql: string): T[] => db.prepare(sql).all() as T[];
  return {
    rows,
    count: (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0]),
    pairs: (sql: string): Record<string, number> =>
      Object.fromEntries(
        rows<Record<string, unknown>>(sql).map((row) => {
          const [name, n] = Object.values(row);
          return [String(name), Number(n)];
        }),
      ),
    close: () => db.close(),
  };
}
