import { NightshiftError, windowKeys, type Budget } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';

/**
 * Replaces all caps with those of a configuration. Runs inside an immediate transaction.
 * @returns false when a newer configuration owns the caps: nothing was changed.
 */
export function replaceBudgets(
  db: Connection,
  budgets: readonly Budget[],
  version: number,
  timezone: string,
  now: number,
): boolean {
  const owns =
    'UPDATE control SET config_version = ?, timezone = ? WHERE id = 1 AND config_version <= ?';
  if (db.run(owns, [version, timezone, version]) !== 1) return false;
  const before = db.all<Budget>(BUDGETS);
  db.run('DELETE FROM budgets');
  for (const { scope, window, capNusd } of budgets) {
    db.run(INSERT, [scope, window, capNusd, version]);
  }
  const after = db.all<Budget>(BUDGETS);
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    // With what they were: a day before the change is judged by the caps of that day.
    const caps = after.map(fields);
    const data = { timezone, caps, before: before.map(fields) };
    appendEvent(db, now, 'budgets.replaced', String(version), data);
  }
  return true;
}

/** Version of the configuration that owns the caps. */
export function capsVersion(db: Connection): number {
  const sql = 'SELECT config_version AS version FROM control WHERE id = 1';
  return db.one<{ version: number }>(sql)?.version ?? 0;
}

const fields = ({ scope, window, capNusd }: Budget) => ({ scope, window, capNusd });

/**
 * Refuses caps that could not be compared with a bound.
 * @throws NightshiftError `bad-budget`, `bad-timezone`.
 */
export function checkBudgets(budgets: readonly Budget[], timezone: string, now: number): void {
  const seen = new Set<string>();
  for (const { scope, window, capNusd } of budgets) {
    const name = `${scope} ${window}`;
    if (!Number.isSafeInteger(capNusd) || capNusd < 0) {
      throw new NightshiftError('bad-budget', `a cap of ${capNusd} nano-dollars`, { at: name });
    }
    if (seen.has(name))
      throw new NightshiftError('bad-budget', 'two caps for one window', { at: name });
    seen.add(name);
  }
  try {
    windowKeys(now, timezone);
  } catch (cause) {
    throw new NightshiftError('bad-timezone', `no time zone is named ${timezone}`, {
      at: 'timezone',
      fix: 'write an IANA name such as Europe/Berlin, or UTC',
      cause,
    });
  }
}

const BUDGETS = `
  SELECT scope, window, cap_nusd AS capNusd FROM budgets ORDER BY scope, window`;
const INSERT = `
  INSERT INTO budgets (scope, window, cap_nusd, config_version) VALUES (?, ?, ?, ?)`;
