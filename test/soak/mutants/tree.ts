import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repoRoot } from '@nightshift/support';
import type { Edit } from './mutants.ts';

/** Folders and files that a run needs. */
const PARTS = ['packages', 'services', 'test', 'infra', 'package.json'];
/** Packages of the workspace: links that have to lead into the copy. */
const OWN = new Set(['@nightshift', 'nightshift']);

/**
 * Copies the source into a folder of its own. Libraries are links to the installed ones; packages
 * of the workspace are the copy's, because their links are relative.
 */
export function copyTree(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'nightshift-tree-'));
  for (const part of PARTS) {
    const from = path.join(repoRoot, part);
    cpSync(from, path.join(dir, part), { recursive: true, verbatimSymlinks: true });
  }
  const modules = path.join(repoRoot, 'node_modules');
  mkdirSync(path.join(dir, 'node_modules'));
  for (const name of readdirSync(modules)) {
    const [from, to] = [path.join(modules, name), path.join(dir, 'node_modules', name)];
    if (OWN.has(name)) cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    else symlinkSync(from, to);
  }
  return dir;
}

/** Applies changes to a tree. @throws Error for one whose text is not there exactly once */
export function mutate(tree: string, edits: readonly Edit[]): void {
  for (const edit of edits) {
    const file = path.join(tree, edit.file);
    writeFileSync(file, changed(readFileSync(file, 'utf8'), edit));
  }
}

/** A text with one change. @throws Error when what is to be changed is not there exactly once */
export function changed(text: string, { file, find, put }: Edit): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`);
  return parts.join(put);
}
