import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EXIT, NightshiftError } from '@nightshift/domain';

/** The installation's own folder: where the packages shipped with it are found. */
const INSTALLATION = path.resolve(import.meta.dirname, '../../..');

/**
 * The file of an agent's `entry`: a path relative to the configuration, or a package that the
 * configuration's folder or this installation can resolve. Nothing is executed.
 * @param entry as written in the configuration
 * @param dir the configuration's folder, absolute
 * @param at the place in the configuration, for the error
 * @returns the real path, symbolic links resolved
 * @throws NightshiftError `entry-missing` (78)
 */
export function resolveEntry(entry: string, dir: string, at: string): string {
  const isPath = entry.startsWith('.') || path.isAbsolute(entry);
  for (const from of isPath ? [dir] : [dir, INSTALLATION]) {
    const file = tryResolve(entry, from, isPath);
    if (file !== null) return file;
  }
  throw new NightshiftError(
    'entry-missing',
    `there is no ${isPath ? 'file' : 'package'} ${entry}`,
    {
      at,
      fix: isPath
        ? `create ${path.resolve(dir, entry)}, or correct the path: it is relative to ${dir}`
        : `install the package beside the configuration, or write a path such as "./agents/${entry}.ts"`,
      exitCode: EXIT.config,
    },
  );
}

function tryResolve(entry: string, from: string, isPath: boolean): string | null {
  try {
    if (isPath) return realpathSync(path.resolve(from, entry));
    return realpathSync(createRequire(path.join(from, 'package.json')).resolve(entry));
  } catch {
    return null;
  }
}
