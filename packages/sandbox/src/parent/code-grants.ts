import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NightshiftError } from '@nightshift/domain';
import { changedAt, Unchanged } from './unchanged.ts';
import { checkPath, isInside, vetRead } from './vet.ts';

/**
 * Code a child loads: its own (`src/child`, `src/channel`), the agent's folder, and the installed
 * packages that both can resolve. Installed means below a `node_modules` folder on Node's lookup
 * path, pnpm's store included: it is code the operator installed, and holds no state. A package of
 * the same workspace is a link that leads out of `node_modules`; it is granted when it is declared
 * as a dependency, and vetted like any folder.
 */
export interface CodeGrants {
  /** The entry file's real path. */
  readonly entry: string;
  readonly read: readonly string[];
}

const SANDBOX = fileURLToPath(new URL('../..', import.meta.url));

/** Grants for an agent's entry file; null when it does not exist. @throws NightshiftError */
export async function codeGrants(
  entryFile: string,
  protect: readonly string[],
): Promise<CodeGrants | null> {
  const entry = await realpath(entryFile).catch(() => null);
  if (entry === null || !(await stat(entry)).isFile()) return null;
  checkPath(entry);
  ownGrants ??= collectOwn();
  const around = await installedAround(dirname(entry));
  const read = new Set([...(await ownGrants), await entryGrant(entry, protect), ...around.paths]);
  for (const folder of around.workspace) read.add(await vetRead(folder, protect));
  return { entry, read: [...read] };
}

/** What the files of a folder can import by a bare name, as long as no installation changed it. */
const installed = new Unchanged<Installed>();

async function installedAround(dir: string): Promise<Installed> {
  const known = installed.recall(dir);
  if (known !== undefined) return known;
  const collector = new Collector();
  await collector.installed(dir);
  installed.remember(dir, collector.changes, collector);
  return collector;
}

interface Installed {
  readonly paths: ReadonlySet<string>;
  /** Folders of packages of the same workspace: to be vetted for every child. */
  readonly workspace: ReadonlySet<string>;
}

/** The sandbox's own code does not change while this process lives. */
let ownGrants: Promise<readonly string[]> | undefined;

async function collectOwn(): Promise<readonly string[]> {
  const sandbox = await realpath(SANDBOX);
  const grants = new Collector();
  await grants.installed(sandbox);
  const own = [join(sandbox, 'src', 'child'), join(sandbox, 'src', 'channel')];
  for (const folder of grants.workspace) own.push(await vetRead(folder, []));
  return [...own, ...grants.paths];
}

/**
 * The folder of the entry file, so that it can import its neighbours; the file alone when the
 * folder holds something a child may not read, as a project's root does (`.env`, `.git`, state).
 */
async function entryGrant(entry: string, protect: readonly string[]): Promise<string> {
  try {
    return await vetRead(dirname(entry), protect);
  } catch (error) {
    if (!(error instanceof NightshiftError)) throw error;
    return vetRead(entry, []);
  }
}

class Collector implements Installed {
  readonly paths = new Set<string>();
  readonly workspace = new Set<string>();
  /** When everything was changed that was looked at. */
  readonly changes = new Map<string, number | null>();
  readonly #packages = new Set<string>();

  /** What a file in `dir` can import by a bare name. */
  async installed(dir: string): Promise<void> {
    const home = await this.#nearestPackage(dir);
    for (const folder of ancestors(dir)) this.#lookUp(join(folder, 'node_modules'));
    if (home === null || this.#packages.has(home)) return;
    this.#packages.add(home);
    const file = join(home, 'package.json');
    this.paths.add(file);
    this.#note(file);
    const declared = await dependencies(file);
    for (const folder of ancestors(dir)) await this.#links(join(folder, 'node_modules'), declared);
  }

  /**
   * The resolver asks for each of these, and a denied answer is an error where a missing file is
   * not; so folders that do not exist are granted too.
   */
  #lookUp(folder: string): void {
    if (basename(dirname(folder)) === 'node_modules') return;
    this.paths.add(join(folder, '*'));
  }

  async #links(folder: string, declared: ReadonlySet<string>): Promise<void> {
    for (const name of declared) {
      const link = join(folder, name);
      this.#note(dirname(link));
      const target = await realpath(link).catch(() => null);
      if (target === null) continue;
      if (target.includes(`${sep}node_modules${sep}`)) this.#store(target);
      else if (!isInside(target, folder)) await this.#workspacePackage(target);
    }
  }

  async #nearestPackage(dir: string): Promise<string | null> {
    for (const folder of ancestors(dir)) {
      this.#note(folder);
      const names = await readdir(folder).catch(() => [] as string[]);
      if (names.includes('package.json')) return folder;
    }
    return null;
  }

  #note(path: string): void {
    if (!this.changes.has(path)) this.changes.set(path, changedAt(path));
  }

  /** The outermost `node_modules` above an installed package: pnpm's store keeps them side by side. */
  #store(target: string): void {
    const at = target.indexOf(`${sep}node_modules${sep}`);
    this.paths.add(join(target.slice(0, at), 'node_modules', '*'));
  }

  async #workspacePackage(dir: string): Promise<void> {
    if (this.#packages.has(dir)) return;
    const source = join(dir, 'src');
    const hasSource = await stat(source).then(
      (it) => it.isDirectory(),
      () => false,
    );
    this.#note(dir);
    this.workspace.add(hasSource ? source : dir);
    await this.installed(dir);
  }
}

/** `dir` and every folder above it. */
function ancestors(dir: string): string[] {
  const above = dirname(dir);
  return above === dir ? [dir] : [dir, ...ancestors(above)];
}

/** Names of the packages that a package.json declares for use; `nightshift` is always one. */
async function dependencies(file: string): Promise<ReadonlySet<string>> {
  const names = new Set(['nightshift']);
  try {
    const json = JSON.parse(await readFile(file, 'utf8')) as Record<string, object | undefined>;
    for (const field of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
      for (const name of Object.keys(json[field] ?? {})) names.add(name);
    }
  } catch {
    // A broken package.json is Node's to complain about, in the child.
  }
  return names;
}
