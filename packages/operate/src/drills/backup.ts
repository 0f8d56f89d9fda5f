import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { drillFolder } from '@nightshift/domain';
import { NIGHTSHIFT_DB, inspectCopy } from '@nightshift/store';
import type { Manifest } from '../backup/archive.ts';
import { backup as makeBackup } from '../backup/backup.ts';
import { restore } from '../backup/restore.ts';
import { type Drill, type DrillScene, expectThat } from '../drill.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { endJobs, requireJob } from './drill-job.ts';

/**
 * Backs up the live databases, restores that into a folder of its own, and looks there for a job
 * that was written a moment before: a backup that nobody ever restored is a hope.
 */
export const backup: Drill = {
  name: 'backup',
  doc: 'a backup is made and restored elsewhere, sound, with every row and the newest job in it',
  async run(scene) {
    const dir = folderOf(scene);
    mkdirSync(dir, { mode: 0o700 });
    const { principal } = await requireJob(scene);
    const file = join(dir, 'backup.tar.gz');
    const { bytes, manifest } = await makeBackup(scene.installation, { file, cwd: dir });
    await scene.note(`backed up into ${bytes} bytes, read back: ${counted(manifest)}`);
    const copy = besides(scene, join(dir, 'restored'));
    try {
      await restore(copy, { file, cwd: dir });
      await compare(copy, manifest);
      const store = await copy.store();
      const witness = await store.jobs.get(principal.job);
      expectThat(witness !== null, 'a job written before the backup is not in what was restored');
      const wrong = await store.ledger.verify();
      expectThat(wrong.length === 0, 'the restored ledger does not add up');
    } finally {
      await copy.close();
    }
    await scene.note('restored elsewhere: sound, no row is missing, the newest job is there');
  },
  async clean(scene) {
    await endJobs(scene);
    rmSync(folderOf(scene), { recursive: true, force: true });
  },
};

function folderOf({ id, installation }: DrillScene): string {
  return join(installation.paths.dir, drillFolder(id));
}

/** The same configuration over another state folder. */
function besides({ installation }: DrillScene, stateDir: string): Installation {
  const { configFile, clock, environment, actor, paths } = installation;
  mkdirSync(stateDir, { mode: 0o700 });
  return openInstallation({
    config: configFile ?? undefined,
    stateDir,
    cwd: paths.dir,
    create: true,
    clock,
    environment,
    actor,
    registered: null,
  });
}

/** Reads every page of what was restored. Restoring adds rows, and takes none away. */
async function compare(copy: Installation, manifest: Manifest): Promise<void> {
  const listed = manifest.databases.find((it) => it.file === NIGHTSHIFT_DB.file)?.rows ?? {};
  const { rows } = await inspectCopy(NIGHTSHIFT_DB, copy.paths.database);
  for (const [table, count] of Object.entries(listed)) {
    if (FALLING.has(table)) continue;
    const there = rows[table] ?? 0;
    expectThat(there >= count, `${table} has ${there} rows where the backup had ${count}`);
  }
}

/** Tables of what waits: restoring makes dead letters of it. */
const FALLING: ReadonlySet<string> = new Set(['tasks']);

function counted({ databases }: Manifest): string {
  return databases
    .map(({ file, rows }) => {
      const total = Object.values(rows).reduce((sum, it) => sum + it, 0);
      return `${file} sound, ${total} rows in ${Object.keys(rows).length} tables`;
    })
    .join('; ');
}
