import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { ARROWS, FENCES, FOR_TESTS_TOO, TEST_ONLY, folderOfName, packageOf } from './arrows.ts';
import { blank } from './blank.ts';
import { isTest, type SourceFile } from './rule.ts';

const FOR_TESTS = 'only tests may use it (as a devDependency)';

/** Opened in one place even in tests: a second connection with other pragmas proves nothing. */
const ONE_DOOR = 'better-sqlite3';

/** Statements (`from 'x'`, `import 'x'`) and calls, but not `Buffer.from('x')`. */
const IMPORTED = new RegExp(
  [
    /(?<![.\w])(?:from|import)\s*['"]([^'"\n]+)['"]/,
    /(?<![.\w])(?:import|require|import\.meta\.resolve|require\.resolve)\s*\(\s*['"]([^'"\n]+)['"]/,
  ]
    .map((it) => it.source)
    .join('|'),
  'g',
);

/** Every module a TypeScript file names, with its line. */
export function importsOf(file: SourceFile): Array<{ specifier: string; line: number }> {
  const text = blank(file.text).withStrings;
  return (
    [...text.matchAll(IMPORTED)]
      .map((match) => ({
        specifier: match[1] ?? match[2] ?? '',
        line: text.slice(0, match.index).split('\n').length,
      }))
      // A template that writes an import for somebody else.
      .filter(({ specifier }) => !specifier.includes('${'))
  );
}

/** Imports that no arrow and no fence allows. Suites in `test/` may import everything of ours. */
export function forbiddenImports(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => file.path.endsWith('.ts') && packageOf(file.path) !== undefined)
    .flatMap((file) =>
      importsOf(file).flatMap(({ specifier, line }) => {
        const reason = whyForbidden(file.path, specifier);
        return reason === undefined ? [] : [`${file.path}:${line}: import ${specifier}: ${reason}`];
      }),
    );
}

/** Dependencies that a workspace package.json declares and the architecture does not allow. */
export function forbiddenDependencies(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.endsWith('/package.json') && packageOf(path) !== undefined)
    .flatMap(({ path, text }) => {
      const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
      return [
        ...misdeclared(path, manifest['dependencies'], false),
        ...misdeclared(path, manifest['devDependencies'], true),
      ];
    });
}

function misdeclared(
  path: string,
  dependencies: Readonly<Record<string, string>> = {},
  dev: boolean,
): string[] {
  return Object.entries(dependencies).flatMap(([name, version]) => {
    if (version !== 'workspace:*' && version !== 'catalog:') {
      return [`${path}: ${name}: its version belongs into the catalog of pnpm-workspace.yaml`];
    }
    if (name.startsWith('@types/') || (dev && TEST_ONLY.includes(name))) return [];
    const reason = whyUndeclarable(path, name, dev);
    return reason === undefined ? [] : [`${path}: ${name}: ${reason}`];
  });
}

/** A fence may name a folder inside a package; its manifest is above that folder. */
function whyUndeclarable(path: string, name: string, dev: boolean): string | undefined {
  const own = packageOf(path) ?? '';
  const folder = folderOfName(name);
  if (folder !== undefined) return TEST_ONLY.includes(name) ? FOR_TESTS : noArrow(own, folder, dev);
  if (dev && name in FENCES && name !== ONE_DOOR) return undefined;
  const homes = FENCES[name]?.map(packageOf) ?? [];
  return homes.includes(own) ? undefined : fenceReason(name);
}

function whyForbidden(path: string, specifier: string): string | undefined {
  const own = packageOf(path);
  if (own === undefined) return undefined;
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    return target.startsWith(`${own}/`) ? undefined : 'leaves its package: import it by its name';
  }
  if (specifier.startsWith('#') || isBuiltin(specifier)) return undefined;
  const library = libraryOf(specifier);
  if (TEST_ONLY.includes(library)) return isTest(path) ? undefined : FOR_TESTS;
  const folder = folderOfName(specifier);
  if (folder === undefined) return whyFenced(path, library);
  return noArrow(own, folder, isTest(path));
}

function noArrow(own: string, folder: string, forTest: boolean): string | undefined {
  const name = posix.basename(folder);
  const allowed = ARROWS[own] ?? [];
  if (folder === own || allowed.includes(name)) return undefined;
  const free = forTest && !FOR_TESTS_TOO.includes(posix.basename(own)) && !own.startsWith('test/');
  if (free && FOR_TESTS_TOO.includes(name)) return undefined;
  return `${own} may import only: ${allowed.join(', ') || 'nothing'}`;
}

function whyFenced(path: string, library: string): string | undefined {
  if (isTest(path) && library in FENCES && library !== ONE_DOOR) return undefined;
  const homes = FENCES[library] ?? [];
  return homes.some((home) => path.startsWith(`${home}/`)) ? undefined : fenceReason(library);
}

function fenceReason(library: string): string {
  if (TEST_ONLY.includes(library)) return FOR_TESTS;
  const homes = FENCES[library];
  if (homes === undefined) return 'say in test/tidy/arrows.ts which folder may import it';
  return `only ${homes.join(' and ')} may use it; ask that package for what is needed`;
}

function libraryOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}
