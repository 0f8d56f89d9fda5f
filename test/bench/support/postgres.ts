import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '@nightshift/support';
import type { Program, Workspace } from './workspace.ts';

/** Where Debian puts the programs of each version. */
const DEBIAN = '/usr/lib/postgresql';

/** A PostgreSQL server that only this run can reach: no port, a socket in a temporary folder. */
export interface Postgres {
  readonly url: string;
}

/** What stands in the way, as the end of the sentence "not measured: ...". */
export class NoPostgres extends Error {}

type User = { readonly uid: number; readonly gid: number };

/**
 * Makes a cluster with default durability (fsync and synchronous_commit on) and starts it.
 * @throws NoPostgres where it is not installed, or refuses to run as root and has no user.
 */
export async function startPostgres(workspace: Workspace): Promise<Postgres> {
  const bin = programs();
  const user = ownUser();
  const dir = workspace.folder('postgres');
  const data = join(dir, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (user !== null) for (const it of [dir, data]) chownSync(it, user.uid, user.gid);
  const options = { stdio: 'ignore' as const, cwd: dir, ...user };
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'bench', '-A', 'trust'], options);
  const args = ['-D', data, '-k', dir, '-c', 'listen_addresses='];
  const command = join(bin, 'postgres');
  const server = workspace.start(args, { command, cwd: dir, ...(user === null ? {} : { user }) });
  workspace.onClose(() => stop(server));
  const ready = (): boolean => {
    execFileSync(join(bin, 'pg_isready'), ['-h', dir, '-q'], { stdio: 'ignore' });
    return true;
  };
  await waitUntil(ready, { what: 'PostgreSQL', timeoutMs: 30_000, everyMs: 100 });
  return { url: `postgres://bench@/postgres?host=${encodeURIComponent(dir)}` };
}

/** A fast shutdown: a killed server would leave its shared memory behind. */
async function stop(server: Program): Promise<void> {
  server.kill('SIGINT');
  await server.exited;
}

function programs(): string {
  const found = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const versions = found.map(Number).filter((it) => it > 0);
  const newest = Math.max(0, ...versions);
  const bin = join(DEBIAN, String(newest), 'bin');
  if (existsSync(join(bin, 'initdb'))) return bin;
  throw new NoPostgres('PostgreSQL is not installed (Debian: apt-get install postgresql)');
}

/** It refuses to run as root: then the user of the Debian package, else the one we are. */
function ownUser(): User | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: 'pipe' }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    throw new NoPostgres('PostgreSQL does not run as root, and there is no user postgres');
  }
}
