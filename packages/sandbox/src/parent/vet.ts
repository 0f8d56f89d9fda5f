import { opendir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { NightshiftError } from '@nightshift/domain';
import { changedAt, Unchanged } from './unchanged.ts';

/** Entries of a granted folder that are looked at; a larger one is refused, not trusted. */
export const VET_ENTRIES_MAX = 50_000;
export const VET_DEPTH_MAX = 32;

/** Files and folders that hold keys or passwords, by name. */
const SECRETS: readonly { readonly name: RegExp; readonly what: string }[] = [
  { name: /^\.env(\..*|rc)?$/, what: 'an environment file' },
  { name: /\.(pem|key|p12|pfx|jks|keystore|kdbx)$/i, what: 'a private key' },
  { name: /^id_[a-z0-9_-]+$/i, what: 'a private key' },
  { name: /^\.(ssh|gnupg|aws|azure|kube|docker)$/, what: 'a folder of keys' },
  { name: /^\.(netrc|pgpass|npmrc|pypirc|git-credentials)$/, what: 'a file of passwords' },
];

/** Folders whose files show more than files: descriptors, memory, environments of processes. */
const KERNEL = ['/proc', '/sys', '/dev', '/run'];

/**
 * The real path of a grant, after a look at everything below it. `node_modules` below it is not
 * walked: it is installed code, chosen by the operator.
 *
 * @throws NightshiftError `grant-missing`, `grant-secret`, `grant-state`, `grant-git`,
 *   `grant-symlink`, `grant-too-large`, `grant-path`; the message names what was found
 */
export async function vetRead(path: string, protect: readonly string[]): Promise<string> {
  const root = await realRoot(path);
  checkPath(root);
  for (const secret of protect) await checkProtected(root, secret);
  checkName(root, root);
  if ((await stat(root)).isDirectory()) await walk(root);
  return root;
}

/** @throws NightshiftError `grant-path` for what Node's flag would read as a pattern. */
export function checkPath(path: string): void {
  if (!isAbsolute(path) || path.includes('*') || path.includes('\0')) {
    throw refuse('grant-path', path, 'a path with a "*" cannot be granted');
  }
  if (path === sep || KERNEL.some((dir) => isInside(path, dir))) {
    throw refuse('grant-path', path, 'this folder cannot be granted');
  }
}

/** True when `path` is `dir` or below it. Both absolute and real. */
export function isInside(path: string, dir: string): boolean {
  const way = relative(dir, path);
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
}

export function refuse(code: string, at: string, message: string, fix?: string): NightshiftError {
  return new NightshiftError(code, `${message}: ${at}`, {
    at,
    fix: fix ?? 'grant a narrower folder in allow.read',
  });
}

async function realRoot(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    throw refuse('grant-missing', path, 'a granted path does not exist', 'create or remove it');
  }
}

async function checkProtected(root: string, secret: string): Promise<void> {
  const real = await realpath(secret).catch(() => secret);
  if (isInside(real, root) || isInside(root, real)) {
    throw refuse('grant-state', real, `the grant ${root} holds Nightshift's own files`);
  }
}

function checkName(path: string, root: string): void {
  const name = path.slice(path.lastIndexOf(sep) + 1);
  const secret = SECRETS.find((it) => it.name.test(name));
  if (secret !== undefined)
    throw refuse('grant-secret', path, `the grant ${root} holds ${secret.what}`);
}

/** Folders below which nothing was wrong. */
const fine = new Unchanged<true>();

async function walk(root: string): Promise<void> {
  if (fine.recall(root) === true) return;
  const changes = new Map<string, number | null>();
  let links = 0;
  let entries = 0;
  const folders = [{ dir: root, depth: 0 }];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    if (next.depth > VET_DEPTH_MAX) throw tooLarge(root, `deeper than ${VET_DEPTH_MAX} folders`);
    changes.set(next.dir, changedAt(next.dir));
    for await (const entry of await opendir(next.dir)) {
      entries += 1;
      if (entries > VET_ENTRIES_MAX) throw tooLarge(root, `over ${VET_ENTRIES_MAX} entries`);
      const path = join(next.dir, entry.name);
      checkName(path, root);
      if (entry.isSymbolicLink()) {
        links += 1;
        await checkLink(path, root);
      } else if (!entry.isDirectory()) continue;
      else if (entry.name === '.git') throw gitInside(path, root);
      else if (entry.name !== 'node_modules') folders.push({ dir: path, depth: next.depth + 1 });
    }
  }
  // Where a link leads may change elsewhere.
  if (links === 0) fine.remember(root, changes, true);
}

async function checkLink(link: string, root: string): Promise<void> {
  const target = await realpath(link).catch(() => null);
  if (target === null) throw refuse('grant-symlink', link, `the grant ${root} holds a dead link`);
  if (isInside(target, root)) return;
  throw refuse('grant-symlink', link, `the grant ${root} holds a link that leads out to ${target}`);
}

function gitInside(path: string, root: string): NightshiftError {
  const fix = 'name the repository in allow.git; for files, grant its subfolders in allow.read';
  return refuse('grant-git', path, `the grant ${root} holds a repository's own folder`, fix);
}

function tooLarge(root: string, why: string): NightshiftError {
  return refuse('grant-too-large', root, `a granted folder is too large to vet (${why})`);
}
