import { basename, dirname } from 'node:path/posix';
import { blank } from './blank.ts';
import type { SourceFile } from './rule.ts';

/** Watchdog rules a person is paged for and finds nothing about. */
export function rulesWithoutRunbook(files: readonly SourceFile[]): string[] {
  const runbook = files.find(({ path }) => path === 'RUNBOOK.md')?.text ?? '';
  const headings = runbook
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .map(slug);
  return files
    .filter(({ path }) => /^packages\/alerts\/src\/rules\/[\w-]+\.ts$/.test(path))
    .map(({ path }) => basename(path, '.ts'))
    .filter((id) => id !== 'index' && !headings.some((heading) => heading.includes(`-${id}-`)))
    .map((id) => `RUNBOOK.md: no heading names the rule ${id}: say what it means and what to do`);
}

/** Two migrations with one number, or one without. */
export function clashingMigrations(files: readonly SourceFile[]): string[] {
  const seen = new Map<string, string>();
  return files
    .filter(({ path }) => /^packages\/store\/migrations\/.*\.sql$/.test(path))
    .flatMap(({ path }) => {
      const number = /^(\d+)[-_]/.exec(basename(path))?.[1];
      if (number === undefined) return [`${path}: its name must start with its number`];
      const key = `${dirname(path)} ${Number(number)}`;
      const first = seen.get(key);
      seen.set(key, path);
      return first === undefined ? [] : [`${path}: takes the number of ${first}: use the next one`];
    });
}

/** Test files without an assertion. (At run time, vitest's requireAssertions asks every test.) */
export function testsWithoutAssertion(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.endsWith('.test.ts'))
    .filter(({ text }) => !/\b(expect|assert|expectTypeOf)\b\s*[.(]/.test(blank(text).code))
    .map(({ path }) => `${path}: asserts nothing: say with expect() what must be true`);
}

export interface Register {
  /** Rows that do not hold, each with what to do. */
  readonly broken: readonly string[];
  /** Ids whose row honestly says that no test exists yet. */
  readonly notYet: readonly string[];
}

/** Reads `test/INVARIANTS.md` (`| id | always true | test file | test title |`) against the tests. */
export function readRegister(files: readonly SourceFile[], ids: readonly string[]): Register {
  const register = files.find(({ path }) => path === 'test/INVARIANTS.md')?.text ?? '';
  const rows = register.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim().replaceAll('`', ''));
    return /^[A-Z]\d+$/.test(cells[1] ?? '') ? [cells.slice(1, 5)] : [];
  });
  const missing = ids.filter((id) => !rows.some((row) => row[0] === id));
  const open = rows.filter((row) => row[2] === 'not yet');
  return {
    broken: [
      ...missing.map((id) => `test/INVARIANTS.md: ${id} has no row: name the test that breaks it`),
      ...rows.filter((row) => !open.includes(row)).flatMap((row) => wrongRow(row, files)),
    ],
    notYet: open.map(([id]) => id ?? ''),
  };
}

function wrongRow(
  [id, , path = '', title = '']: readonly string[],
  files: readonly SourceFile[],
): string[] {
  const file = files.find((it) => it.path === path);
  if (file === undefined) return [`test/INVARIANTS.md: ${id}: there is no file ${path}`];
  if (title !== '' && unquoted(file.text).includes(unquoted(title))) return [];
  return [`test/INVARIANTS.md: ${id}: ${path} has no test "${title}": write its title exactly`];
}

/** Titles are compared without quotes and escapes, which Markdown and TypeScript write apart. */
function unquoted(text: string): string {
  return text.replaceAll(/['"`\\]/g, '').replaceAll(/\s+/g, ' ');
}

function slug(heading: string): string {
  return `-${heading.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}-`.replaceAll(/-+/g, '-');
}
