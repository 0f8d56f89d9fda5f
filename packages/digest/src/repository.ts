import { promises as fs } from 'node:fs';
import path from 'node:path';

/** Where a repository keeps what history needs. Paths are absolute. */
export interface GitLocation {
  readonly dir: string;
  /** Of this working tree: holds its HEAD. */
  readonly gitdir: string;
  /** Shared by all working trees: holds objects and references. */
  readonly commondir: string;
}

/** A repository that cannot be read, with what to do about it. */
export class RepositoryError extends Error {
  override readonly name = 'RepositoryError';
}

/**
 * Finds the git folder of a working tree, a linked worktree or a bare repository.
 * @throws RepositoryError when there is none, or it may not be read.
 */
export async function locate(dir: string): Promise<GitLocation> {
  const root = path.resolve(dir);
  const dotGit = path.join(root, '.git');
  const pointer = await readIfFile(dotGit);
  if (pointer === null) return plain(root, [dotGit, root]);
  const target = /^gitdir: (.+)$/m.exec(pointer)?.[1];
  if (target === undefined) throw notARepository(root);
  const gitdir = path.resolve(root, target.trim());
  const common = await readIfFile(path.join(gitdir, 'commondir'));
  const commondir = common === null ? gitdir : path.resolve(gitdir, common.trim());
  return { dir: root, gitdir, commondir };
}

/** The folder itself may not be granted, only what history needs in it: HEAD tells. */
async function plain(dir: string, candidates: readonly string[]): Promise<GitLocation> {
  for (const gitdir of candidates) {
    const head = await readIfFile(path.join(gitdir, 'HEAD'));
    if (head !== null) return { dir, gitdir, commondir: gitdir };
  }
  throw notARepository(dir);
}

function notARepository(dir: string): RepositoryError {
  return new RepositoryError(
    `${dir} is not a git repository, or the agent was not granted it: name it in allow.git`,
  );
}

async function readIfFile(file: string): Promise<string | null> {
  try {
    return await fs.readFile(file, 'utf8');
  } catch {
    return null;
  }
}

/** The part of `fs.promises` that isomorphic-git calls. */
type GitFs = Pick<
  typeof fs,
  | 'readFile'
  | 'writeFile'
  | 'mkdir'
  | 'rmdir'
  | 'unlink'
  | 'stat'
  | 'lstat'
  | 'readdir'
  | 'readlink'
  | 'symlink'
>;

/**
 * A file system for isomorphic-git that shows one repository and cannot change it. HEAD comes from
 * the working tree's own folder, everything else from the shared one; the repository's `config` does
 * not exist here, because it may hold credentials and is not granted.
 */
export function historyFs(location: GitLocation): { promises: GitFs } {
  const head = path.join(location.commondir, 'HEAD');
  const config = path.join(location.commondir, 'config');
  const real = (file: string): string =>
    path.resolve(file) === head ? path.join(location.gitdir, 'HEAD') : file;
  const readOnly = (): never => {
    throw Object.assign(new Error('the digest reads only'), { code: 'EROFS' });
  };
  const hidden = (file: string): void => {
    if (path.resolve(file) !== config) return;
    throw Object.assign(new Error(`${file} is not granted`), { code: 'ENOENT' });
  };
  const reading = {
    readFile: (async (file: string, options?: BufferEncoding) => {
      hidden(file);
      return fs.readFile(real(file), options ?? null);
    }) as typeof fs.readFile,
    stat: (async (file: string) => {
      hidden(file);
      return fs.stat(real(file));
    }) as typeof fs.stat,
    lstat: (async (file: string) => {
      hidden(file);
      return fs.lstat(real(file));
    }) as typeof fs.lstat,
    readdir: fs.readdir,
    readlink: fs.readlink,
  };
  const writing = {
    writeFile: readOnly,
    mkdir: readOnly,
    rmdir: readOnly,
    unlink: readOnly,
    symlink: readOnly,
  };
  return { promises: { ...reading, ...writing } };
}
