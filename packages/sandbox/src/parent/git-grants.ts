import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { NightshiftError } from '@nightshift/domain';
import { checkPath } from './vet.ts';

/** A repository, and exactly what a child must read for its history. */
export interface GitGrant {
  readonly read: readonly string[];
  /** Top of the working tree; for a bare repository its own folder. */
  readonly root: string;
  /** HEAD of this tree lives here; a worktree has its own. */
  readonly gitdir: string;
  /** Refs and objects live here; the same as `gitdir` outside of worktrees. */
  readonly commondir: string;
  readonly worktree: boolean;
  /** History ends before the first commit: cloned with a depth. */
  readonly shallow: boolean;
}

/** Read by history, in the order of gitrepository-layout(5). `config` and `hooks` never are. */
const COMMON = ['packed-refs', 'refs', 'objects', 'shallow'] as const;
const PER_TREE = ['HEAD', 'commondir', 'gitdir', 'refs'] as const;
const POINTER_MAX_BYTES = 4_096;

/**
 * Finds the repository of `dir`, which may be below its top, and what of it history needs.
 *
 * @throws NightshiftError `not-a-repository`, `repository-broken` (a pointer that leads nowhere),
 *   `repository-alternates` (objects live in another repository), `grant-path`
 */
export async function gitGrants(dir: string): Promise<GitGrant> {
  const start = await realpath(dir).catch(() => null);
  if (start === null) throw notARepository(dir, 'the folder does not exist');
  const found = await findGitDir(start);
  if (found === null) throw notARepository(dir, 'there is no .git in it or above it');
  const { root, gitdir, pointer } = found;
  const commondir = await commonDir(gitdir);
  await checkLayout(gitdir, commondir);
  const read = [
    ...(pointer === null ? [] : [pointer]),
    ...PER_TREE.map((name) => join(gitdir, name)),
    ...COMMON.map((name) => join(commondir, name)),
  ];
  for (const path of read) checkPath(path);
  return {
    read: [...new Set(read)],
    root,
    gitdir,
    commondir,
    worktree: commondir !== gitdir,
    shallow: await exists(join(commondir, 'shallow')),
  };
}

interface Found {
  readonly root: string;
  readonly gitdir: string;
  /** The `.git` file of a worktree or submodule. */
  readonly pointer: string | null;
}

async function findGitDir(start: string): Promise<Found | null> {
  for (let dir = start; ; dir = dirname(dir)) {
    const dotGit = join(dir, '.git');
    const kind = await stat(dotGit).catch(() => null);
    if (kind?.isDirectory()) return { root: dir, gitdir: await realpath(dotGit), pointer: null };
    if (kind?.isFile()) return { root: dir, gitdir: await followPointer(dotGit), pointer: dotGit };
    if (dir === start && (await isBare(dir))) return { root: dir, gitdir: dir, pointer: null };
    if (dirname(dir) === dir) return null;
  }
}

async function isBare(dir: string): Promise<boolean> {
  const parts = await Promise.all(['HEAD', 'objects', 'refs'].map((it) => exists(join(dir, it))));
  return parts.every(Boolean);
}

async function followPointer(file: string): Promise<string> {
  const target = /^gitdir: (.+?)\s*$/.exec(await readPointer(file))?.[1];
  if (target === undefined) throw broken(file, 'it names no gitdir');
  return realFolder(file, resolve(dirname(file), target));
}

async function commonDir(gitdir: string): Promise<string> {
  const file = join(gitdir, 'commondir');
  if (!(await exists(file))) return gitdir;
  const target = (await readPointer(file)).trim();
  return realFolder(file, isAbsolute(target) ? target : resolve(gitdir, target));
}

/** A branch, which need not have a commit yet, or a commit (gitrepository-layout(5)). */
const HEAD = /^(?:ref: refs\/[^\s]+|[0-9a-f]{40}|[0-9a-f]{64})\s*$/;

async function checkLayout(gitdir: string, commondir: string): Promise<void> {
  for (const path of [join(gitdir, 'HEAD'), join(commondir, 'objects'), join(commondir, 'refs')]) {
    if (!(await exists(path))) throw broken(path, 'it is missing');
  }
  if (!HEAD.test(await readPointer(join(gitdir, 'HEAD')))) {
    throw broken(join(gitdir, 'HEAD'), 'it names no branch and no commit');
  }
  // A repository could otherwise name any folder as its own, and have it granted.
  for (const name of ['objects', 'refs']) {
    const path = join(commondir, name);
    if ((await realpath(path)) !== path) throw broken(path, 'it is a link');
  }
  const alternates = join(commondir, 'objects', 'info', 'alternates');
  if (await exists(alternates)) {
    throw new NightshiftError('repository-alternates', 'objects live in another repository', {
      at: alternates,
      fix: 'run git repack -a -d in it and remove that file, or name a full clone',
    });
  }
}

async function realFolder(pointer: string, target: string): Promise<string> {
  const real = await realpath(target).catch(() => null);
  if (real === null || !(await stat(real)).isDirectory()) {
    throw broken(pointer, `it leads to ${target}, which is not a folder`);
  }
  return real;
}

async function readPointer(file: string): Promise<string> {
  if ((await stat(file)).size > POINTER_MAX_BYTES) throw broken(file, 'it is too long');
  return readFile(file, 'utf8');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function notARepository(dir: string, why: string): NightshiftError {
  return new NightshiftError('not-a-repository', `${dir} is not a git repository: ${why}`, {
    at: dir,
    fix: 'name a folder of a git repository in allow.git',
  });
}

function broken(at: string, why: string): NightshiftError {
  return new NightshiftError('repository-broken', `${at}: ${why}`, {
    at,
    fix: 'run git status in the repository, or git worktree repair',
  });
}
