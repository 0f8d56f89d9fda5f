import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT, NightshiftError } from '@nightshift/domain';
import { VERSION } from '@nightshift/lifecycle';
import {
  type DatabaseKind,
  NIGHTSHIFT_DB,
  WATCHDOG_DB,
  copyDatabase,
  databaseSize,
  inspectCopy,
} from '@nightshift/store';
import type { Installation } from '../installation.ts';
import {
  BACKUP_FORMAT,
  MANIFEST,
  type BackedUp,
  type Manifest,
  fingerprint,
  pack,
  unpack,
} from './archive.ts';

export interface BackupRequest {
  /** Where to; default: a name by the time, in `backups` of the state folder. */
  readonly file?: string | undefined;
  readonly cwd: string;
  /** Keeps this many of the backups with default names, and deletes older ones. */
  readonly keep?: number | undefined;
}

export interface BackupResult {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  /** Older backups that were deleted. */
  readonly removed: readonly string[];
}

const DEFAULT_NAME = /^nightshift-\d{8}T\d{6}Z\.tar\.gz$/;

/**
 * Copies both databases and the configuration into one file, while everything runs. Each copy is
 * read back whole and counted, and the file is read back before it gets its name. Secrets are not
 * in it, and neither are logs and written reports.
 *
 * @throws NightshiftError `backup-exists` (64): nothing is ever overwritten; and what copying and
 * packing throw.
 */
export async function backup(
  installation: Installation,
  request: BackupRequest,
): Promise<BackupResult> {
  const file = targetOf(installation, request);
  if (existsSync(file)) throw exists(file);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const dir = mkdtempSync(join(dirname(file), '.backup-'));
  try {
    const manifest = await collect(installation, dir);
    const packed = await packInto(dir, manifest);
    // Not rename: it would overwrite a file that came meanwhile.
    linkSync(packed, file);
    const { bytes } = await fingerprint(file);
    return { file, bytes, manifest, removed: prune(file, request.keep) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function targetOf({ paths, clock }: Installation, { file, cwd }: BackupRequest): string {
  if (file !== undefined) return resolve(cwd, file);
  const stamp = new Date(clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  return join(paths.dir, 'backups', `nightshift-${stamp}.tar.gz`);
}

async function collect(installation: Installation, dir: string): Promise<Manifest> {
  const { clock, configFile } = installation;
  const madeAt = clock.now();
  const store = await installation.store();
  const databases: Manifest['databases'][number][] = [];
  for (const kind of [NIGHTSHIFT_DB, WATCHDOG_DB]) {
    // A machine without a watchdog has none of its own.
    if (databaseSize(installation.paths.dir, kind) === null) continue;
    databases.push(await copyOf(kind, installation, dir));
  }
  return {
    format: BACKUP_FORMAT,
    version: VERSION,
    installation: store.installation,
    madeAt,
    databases,
    config: configFile === null ? null : await copyConfig(configFile, dir),
  };
}

async function copyOf(
  kind: DatabaseKind,
  { paths, clock }: Installation,
  dir: string,
): Promise<Manifest['databases'][number]> {
  const into = join(dir, kind.file);
  await copyDatabase(kind, { stateDir: paths.dir, clock, into });
  chmodSync(into, 0o600);
  const inspection = await inspectCopy(kind, into);
  return { file: kind.file, ...(await fingerprint(into)), ...inspection };
}

async function copyConfig(configFile: string, dir: string): Promise<BackedUp> {
  const file = basename(configFile);
  copyFileSync(configFile, join(dir, file));
  return { file, ...(await fingerprint(join(dir, file))) };
}

/** Packs, then unpacks again what was packed: a full disk shows here, and not in a year. */
async function packInto(dir: string, manifest: Manifest): Promise<string> {
  writeFileSync(join(dir, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  const files = [...manifest.databases, ...(manifest.config === null ? [] : [manifest.config])];
  const members = [MANIFEST, ...files.map((it) => it.file)];
  const packed = join(dir, 'packed.tar.gz');
  await pack(packed, dir, members);
  chmodSync(packed, 0o600);
  const again = join(dir, 'again');
  mkdirSync(again);
  await unpack(packed, again, members);
  for (const { file, sha256 } of files) {
    if ((await fingerprint(join(again, file))).sha256 !== sha256) throw unequal(file);
  }
  return packed;
}

/** Names hold the time, so the order of names is the order of age. */
function prune(file: string, keep: number | undefined): string[] {
  if (keep === undefined) return [];
  const dir = dirname(file);
  const names = readdirSync(dir).filter((it) => DEFAULT_NAME.test(it));
  const old = names.toSorted().slice(0, Math.max(0, names.length - keep));
  for (const name of old) rmSync(join(dir, name));
  return old.map((name) => join(dir, name));
}

function exists(file: string): NightshiftError {
  return new NightshiftError('backup-exists', 'there is a file of this name', {
    at: file,
    fix: 'choose another name; a backup overwrites nothing',
    exitCode: EXIT.usage,
  });
}

function unequal(file: string): NightshiftError {
  return new NightshiftError('backup-failed', `${file} is not in the backup as it was copied`, {
    fix: 'look at the disk: nightshift doctor, dmesg',
    exitCode: EXIT.tryAgain,
  });
}
