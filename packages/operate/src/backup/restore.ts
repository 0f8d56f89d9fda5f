import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, NightshiftError, type ProcessRef, errorFacts } from '@nightshift/domain';
import { type Processes, systemProcesses } from '@nightshift/lifecycle';
import {
  MARKER_FILE,
  NIGHTSHIFT_DB,
  type Reconciled,
  type RestoredSlots,
  type Store,
  WATCHDOG_DB,
  inspectCopy,
  openStore,
  openWatchStore,
  reconcileRestored,
} from '@nightshift/store';
import type { Installation } from '../installation.ts';
import { SUPERVISED } from '../service-process.ts';
import { BACKUP_FORMAT, MANIFEST, type Manifest, damaged, fingerprint, unpack } from './archive.ts';
import { holdersOf } from './open-files.ts';

export interface RestoreRequest {
  readonly file: string;
  readonly cwd: string;
  readonly processes?: Processes;
}

export interface RestoreResult {
  readonly manifest: Manifest;
  readonly reconciled: Reconciled;
  /** Folder with the files that were replaced; null where there were none. */
  readonly aside: string | null;
}

/** What belongs to one another: a log without its database, or with another, is poison. */
const REPLACED = [NIGHTSHIFT_DB.file, WATCHDOG_DB.file].flatMap((it) => [
  `${it}-wal`,
  `${it}-shm`,
  it,
]);
const KINDS = [NIGHTSHIFT_DB, WATCHDOG_DB];

/**
 * Puts a backup in the place of a stopped installation. Everything is unpacked, checked and made
 * ready in a folder beside it first; then files change places. What was there is kept. See
 * `reconcileRestored` for what keeps the past from happening again.
 *
 * @throws NightshiftError `services-running` (69), `backup-damaged`, `schema-newer`,
 * `clock-behind-backup` (78): nothing was changed.
 */
export async function restore(
  installation: Installation,
  request: RestoreRequest,
): Promise<RestoreResult> {
  const { paths, clock } = installation;
  await requireStopped(installation, request.processes ?? systemProcesses());
  await installation.close();
  const file = resolve(request.cwd, request.file);
  const dir = mkdtempSync(join(paths.dir, '.restore-'));
  try {
    const manifest = await unpackChecked(file, dir);
    if (manifest.madeAt > clock.now()) throw clockBehind(manifest, file);
    const reconciled = await prepare(installation, dir, manifest);
    requireUnused(paths.dir);
    const aside = exchange(paths.dir, dir, clock.now());
    return { manifest, reconciled, aside };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Services that live by their rows, and anybody who has the files open. */
async function requireStopped(installation: Installation, processes: Processes): Promise<void> {
  requireUnused(installation.paths.dir);
  for (const { service, life } of await livesOf(installation)) {
    if (processes.liveness(life) === 'alive')
      throw running(installation.paths.dir, service, life.pid);
  }
}

async function livesOf(
  installation: Installation,
): Promise<readonly { service: string; life: ProcessRef }[]> {
  try {
    const { instances } = await installation.store();
    const lives = await Promise.all(SUPERVISED.map((it) => instances.running(it)));
    return lives.flat().map((life) => ({ service: life.service, life }));
  } catch {
    // The usual reason to restore. Open files still tell who is there.
    return [];
  }
}

function requireUnused(stateDir: string): void {
  const [holder] = holdersOf(stateDir);
  if (holder !== undefined) throw running(stateDir, `a process with ${holder.file}`, holder.pid);
}

/** @throws NightshiftError `backup-damaged`, `schema-newer` (78) */
async function unpackChecked(file: string, dir: string): Promise<Manifest> {
  if (!existsSync(file)) throw damaged(file, 'there is no such file');
  await unpack(file, dir, [MANIFEST]);
  const manifest = readManifest(file, join(dir, MANIFEST));
  await unpack(
    file,
    dir,
    manifest.databases.map((it) => it.file),
  );
  for (const kind of KINDS) {
    const listed = manifest.databases.find((it) => it.file === kind.file);
    if (listed === undefined) continue;
    const copy = join(dir, kind.file);
    if ((await fingerprint(copy)).sha256 !== listed.sha256) {
      throw damaged(file, `${kind.file} is not what the manifest says`);
    }
    const { rows } = await inspectCopy(kind, copy);
    if (JSON.stringify(rows) !== JSON.stringify(listed.rows)) {
      throw damaged(file, `${kind.file} has other rows than were counted`);
    }
  }
  return manifest;
}

function readManifest(file: string, path: string): Manifest {
  let manifest: Partial<Manifest>;
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8')) as Partial<Manifest>;
  } catch (error) {
    throw damaged(file, `its manifest cannot be read (${errorFacts(error).message})`);
  }
  if (manifest.format !== BACKUP_FORMAT) throw damaged(file, `format ${manifest.format}`);
  const known = new Set(KINDS.map((it) => it.file));
  const files = (manifest.databases ?? []).map((it) => it.file);
  if (!files.includes(NIGHTSHIFT_DB.file) || files.some((it) => !known.has(it))) {
    throw damaged(file, 'its manifest does not list the databases');
  }
  if (!Number.isSafeInteger(manifest.madeAt))
    throw damaged(file, 'it does not say when it is from');
  return manifest as Manifest;
}

/** Brings the copies to this version's schema and to the present, still beside the state. */
async function prepare(
  installation: Installation,
  dir: string,
  manifest: Manifest,
): Promise<Reconciled> {
  const { clock, paths, actor } = installation;
  const settings = await installation.settings().catch(() => null);
  const store = await openStore({ stateDir: dir, clock, mode: 'create' });
  try {
    return await reconcileRestored(store, {
      madeAt: manifest.madeAt,
      budgets: settings?.budgets ?? [],
      slots: await missedSlots(store, clock.now()),
      replaced: existsSync(paths.database) ? paths.database : null,
      actor,
    });
  } finally {
    store.close();
    await openWatchStore({ stateDir: dir, clock }).then(({ store: own }) => own.close());
  }
}

/** What came due since the backup, as one range an agent. Loaded late: it needs a calendar. */
async function missedSlots(store: Store, now: number): Promise<readonly RestoredSlots[]> {
  const { dueSlots } = await import('@nightshift/schedule');
  const missed: RestoredSlots[] = [];
  for (const schedule of await store.slots.schedules()) {
    const slots = await dueSlots(schedule).between(schedule.cursorAt, now);
    const [from] = slots;
    const at = slots.at(-1);
    const range =
      from === undefined || at === undefined
        ? null
        : { kind: 'skip-range' as const, from, at, count: slots.length, reason: 'restored' };
    missed.push({ agent: schedule.agent, range });
  }
  return missed;
}

/**
 * Old files out, new ones in. The marker of the old installation stays until the new database is in
 * its place: a crash in between leaves a state folder that no service starts on.
 */
function exchange(stateDir: string, dir: string, now: number): string | null {
  const owner = statSync(stateDir);
  const old = REPLACED.filter((it) => existsSync(join(stateDir, it)));
  const aside = join(stateDir, `replaced-${new Date(now).toISOString().replace(/[:.]/g, '-')}`);
  if (old.length > 0) mkdirSync(aside, { mode: 0o700 });
  if (old.length > 0) keepOwner(aside, owner);
  for (const name of old) renameSync(join(stateDir, name), join(aside, name));
  const fresh = readdirSync(dir).filter((it) => it.endsWith('.db'));
  for (const name of [...fresh, MARKER_FILE]) {
    keepOwner(join(dir, name), owner);
    renameSync(join(dir, name), join(stateDir, name));
  }
  return old.length > 0 ? aside : null;
}

/** Root restores for the services, which are somebody else. */
function keepOwner(path: string, owner: { readonly uid: number; readonly gid: number }): void {
  if (process.getuid?.() === 0) chownSync(path, owner.uid, owner.gid);
}

function running(stateDir: string, what: string, pid: number): NightshiftError {
  return new NightshiftError('services-running', `in use: ${what} (pid ${pid})`, {
    at: stateDir,
    fix: 'stop everything first: systemctl stop nightshift.target, or end nightshift up',
    exitCode: EXIT.refused,
  });
}

function clockBehind({ madeAt }: Manifest, file: string): NightshiftError {
  const made = new Date(madeAt).toISOString();
  return new NightshiftError('clock-behind-backup', `the backup is from ${made}, which is later`, {
    at: file,
    fix: 'set the clock of this machine (timedatectl), then try again',
    exitCode: EXIT.config,
  });
}
