import { codeGrants } from './code-grants.ts';
import { gitGrants } from './git-grants.ts';
import { vetRead } from './vet.ts';

/** What an agent may read beside its own code. Absolute paths. */
export interface ChildGrants {
  /** Folders and files. */
  readonly read: readonly string[];
  /** Folders of repositories whose history it may read. */
  readonly git: readonly string[];
  /** Paths no grant may hold: the state folder, files with secrets. */
  readonly protect: readonly string[];
}

/** Real paths, vetted. */
export interface ResolvedGrants {
  readonly entry: string;
  readonly read: readonly string[];
}

/**
 * Resolves and vets everything a child may read; done for each child, because a link or a key may
 * have been put there since the last one.
 *
 * @throws NightshiftError `grant-*`, `not-a-repository` and others, naming what was found
 */
export async function resolveGrants(
  entryFile: string,
  grants: ChildGrants,
): Promise<ResolvedGrants | 'entry-missing'> {
  const code = await codeGrants(entryFile, grants.protect);
  if (code === null) return 'entry-missing';
  const read = new Set(code.read);
  for (const path of grants.read) read.add(await vetRead(path, grants.protect));
  for (const dir of grants.git) {
    for (const path of (await gitGrants(dir)).read) read.add(path);
  }
  return { entry: code.entry, read: [...read] };
}
