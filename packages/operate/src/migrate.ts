import { createStateDir } from '@nightshift/lifecycle';
import {
  NIGHTSHIFT_DB,
  WATCHDOG_DB,
  databaseSize,
  openStore,
  openWatchStore,
} from '@nightshift/store';
import type { Installation } from './installation.ts';

export interface MigrateResult {
  readonly stateDir: string;
  /** The files that are now at this version's schema. */
  readonly databases: readonly { readonly file: string; readonly created: boolean }[];
}

/**
 * Brings both databases to this version's schema; makes them, and the state folder, where they are
 * missing. Safe beside running services and other migrations.
 *
 * @throws NightshiftError (78) for a database that is not ours, gone, damaged or newer.
 */
export async function migrateDatabases(
  installation: Pick<Installation, 'paths' | 'clock'>,
): Promise<MigrateResult> {
  const { paths, clock } = installation;
  const before = [NIGHTSHIFT_DB, WATCHDOG_DB].map((kind) => databaseSize(paths.dir, kind));
  (await openStore({ stateDir: paths.dir, clock, mode: 'create' })).close();
  (await openWatchStore({ stateDir: paths.dir, clock })).store.close();
  // Not before: a folder whose database is somebody else's is left as it is.
  createStateDir(paths);
  return {
    stateDir: paths.dir,
    databases: [paths.database, paths.watchdogDatabase].map((file, i) => ({
      file,
      created: before[i] === null,
    })),
  };
}
