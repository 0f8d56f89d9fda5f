import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, NightshiftError } from '@nightshift/domain';

/**
 * The folder of a repository, absolute: a working tree, a linked worktree (where `.git` is a file)
 * or a bare repository. Only looks; whether it can be read is the agent's to find out.
 *
 * @throws NightshiftError `no-folder` or `no-repository` (64).
 */
export function repositoryAt(path: string, cwd: string): string {
  const dir = resolve(cwd, path);
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw problem('no-folder', 'there is no such folder', dir);
  }
  const isThere = (name: string): boolean =>
    statSync(join(dir, name), { throwIfNoEntry: false }) !== undefined;
  if (isThere('.git') || (isThere('HEAD') && isThere('objects'))) return dir;
  throw problem(
    'no-repository',
    'this folder is no git repository: it has no history to read',
    dir,
  );
}

function problem(code: string, message: string, at: string): NightshiftError {
  return new NightshiftError(code, message, {
    at,
    fix: 'name the folder of a repository: npm start -- --path DIR',
    exitCode: EXIT.usage,
  });
}
