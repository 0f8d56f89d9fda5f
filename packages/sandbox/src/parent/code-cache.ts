import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Launcher } from '../launcher.ts';
import type { ResolvedGrants } from './grants.ts';
import { killGroup } from './process-group.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { CHILD_MAIN, spawnChild } from './spawn-child.ts';

/**
 * The code of children, compiled once. At every start Node takes the types out of each file and
 * compiles it, which is more than half of the time to an agent's first line; its compile cache
 * (https://nodejs.org/api/module.html#module-compile-cache) keeps both, by file and content.
 *
 * What is in a cache runs, so no agent may ever write what a child reads. A child of its own
 * compiles the modules and runs none of them, this process keeps the result in memory, and every
 * attempt gets a copy in its scratch folder, which goes with it. A file that has changed since is
 * compiled as if there was no cache.
 */
type Code = ReadonlyMap<string, Buffer>;

/** What an attempt runs. */
export interface CodeOf {
  readonly launcher: Launcher;
  readonly grants: ResolvedGrants;
}

interface Known {
  readonly version: string;
  starts: number;
  code: Code | null;
}

/** The start of an entry file at which compiling begins: what runs once is not worth it. */
const WORTH_AT_START = 2;
/** Entry files whose code is kept; the oldest goes first. */
const ENTRIES_MAX = 16;
/** More than this is copied slower than it helps: then our own code alone is kept, bytes. */
const CODE_MAX_BYTES = 1024 * 1024;
const COMPILED_WITHIN_MS = 20_000;
const MEMORY_MB = 128;
/** In the scratch folder of each child. */
const FOLDER = '.code';
const COMPILE = fileURLToPath(new URL('../child/compile.ts', import.meta.url));

const entries = new Map<string, Known>();

/**
 * Copies the compiled code of an entry file into a child's scratch folder.
 * @returns the cache's folder; null while there is nothing to copy, or no space for it.
 */
export function layOutCode(of: CodeOf, scratch: string): string | null {
  const known = knownOf(of.grants.entry);
  known.starts += 1;
  // In the background: the child that starts now does not wait for it.
  if (known.starts === WORTH_AT_START) void learn(known, of);
  if (known.code === null) return null;
  const folder = join(scratch, FOLDER);
  try {
    for (const [name, bytes] of known.code) {
      mkdirSync(dirname(join(folder, name)), { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, name), bytes);
    }
    return folder;
  } catch {
    return null;
  }
}

/** Compiles our own code and that of an entry file, and runs none of it. @throws any error */
export async function compileCode(of: CodeOf): Promise<Code> {
  const own = pathToFileURL(CHILD_MAIN).href;
  const all = await compile(of, [own, pathToFileURL(of.grants.entry).href]);
  const bytes = [...all.values()].reduce((sum, it) => sum + it.length, 0);
  return bytes <= CODE_MAX_BYTES ? all : compile(of, [own]);
}

function knownOf(entry: string): Known {
  const stat = statSync(entry, { throwIfNoEntry: false });
  const version = `${stat?.mtimeMs} ${stat?.size}`;
  const found = entries.get(entry);
  if (found?.version === version) return found;
  const fresh = { version, starts: 0, code: null };
  entries.delete(entry);
  entries.set(entry, fresh);
  for (const oldest of entries.keys()) {
    if (entries.size > ENTRIES_MAX) entries.delete(oldest);
  }
  return fresh;
}

async function learn(known: Known, of: CodeOf): Promise<void> {
  try {
    known.code = await compileCode(of);
  } catch {
    // Without it a child starts just as well, and later.
  }
}

async function compile({ launcher, grants }: CodeOf, urls: readonly string[]): Promise<Code> {
  const scratch = await makeScratch();
  try {
    const folder = join(scratch, FOLDER);
    mkdirSync(folder, { mode: 0o700 });
    const child = spawnChild({
      launcher,
      read: grants.read,
      scratch,
      cwd: scratch,
      memoryMb: MEMORY_MB,
      extraExecArgv: [],
      codeCache: null,
      program: [COMPILE, folder, ...urls],
    });
    try {
      // Nobody waits for it: a worker that ends meanwhile does so.
      child.process.unref();
      for (const stream of [child.channel, child.stdout, child.stderr]) stream.destroy();
      await once(child.process, 'exit', { signal: AbortSignal.timeout(COMPILED_WITHIN_MS) });
    } finally {
      killGroup(child.pid);
    }
    return await filesIn(folder);
  } finally {
    await removeScratch(scratch);
  }
}

async function filesIn(folder: string): Promise<Code> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name));
  const read = async (file: string): Promise<[string, Buffer]> => [
    relative(folder, file),
    await readFile(file),
  ];
  return new Map(await Promise.all(files.map(read)));
}
