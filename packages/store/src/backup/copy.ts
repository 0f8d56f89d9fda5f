import type { Clock } from '@nightshift/domain';
import { type DatabaseKind, openDatabase } from '../database.ts';

/**
 * Writes a whole, compact copy of one database to `into`, which must not exist, while others go on
 * writing: one snapshot, with everything that was committed when it began (sqlite.org/lang_vacuum,
 * "VACUUM INTO"). The copy is one file without a log beside it.
 *
 * @throws NightshiftError (78) for a database that is missing, not ours, damaged or newer;
 * `disk-full` (75).
 */
export async function copyDatabase(
  kind: DatabaseKind,
  options: { readonly stateDir: string; readonly clock: Clock; readonly into: string },
): Promise<void> {
  const { stateDir, clock, into } = options;
  const db = await openDatabase(kind, { stateDir, clock, mode: 'existing', readonly: true });
  try {
    db.run('VACUUM INTO ?', [into]);
  } finally {
    db.close();
  }
}
