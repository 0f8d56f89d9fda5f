import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '@nightshift/support';
import type { SourceFile } from './rule.ts';

const TEXT = /(\.(ts|mjs|js|cjs|json|yaml|yml|md|sql|sh|service|target|timer|plist|toml)|\/run)$/;

/** Every text file that is, or is about to be, under version control. */
export function repositoryFiles(): SourceFile[] {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const paths = execFileSync('git', list, { cwd: repoRoot, encoding: 'utf8' }).split('\0');
  return paths
    .filter((path) => TEXT.test(path))
    .toSorted()
    .flatMap((path) => {
      const text = read(path);
      return text === undefined ? [] : [{ path, text }];
    });
}

/** Undefined for a file that is listed and was deleted since. */
function read(path: string): string | undefined {
  try {
    return readFileSync(join(repoRoot, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
