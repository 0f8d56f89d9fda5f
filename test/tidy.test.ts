/**
 * The rules of this repository that no compiler or linter knows. Each message names what to write
 * instead; `tidy/*.test.ts` show that every rule can fail. What other tools see is left to them:
 * file and function length, kebab-case and floating promises to oxlint, a file that nothing imports
 * to knip, an undeclared import to `turbo boundaries`.
 */
import { expect, test } from 'vitest';
import { forbiddenDependencies, forbiddenImports } from './tidy/arrow-rules.ts';
import { ARROWS } from './tidy/arrows.ts';
import { repositoryFiles } from './tidy/files.ts';
import {
  clashingMigrations,
  readRegister,
  rulesWithoutRunbook,
  testsWithoutAssertion,
} from './tidy/repository-rules.ts';
import { findings } from './tidy/rule.ts';
import { textRules } from './tidy/text-rules.ts';

const files = repositoryFiles();

test.each(textRules)('$id', (rule) => {
  expect(findings([rule], files)).toEqual([]);
});

test('imports follow the arrows', () => {
  expect(forbiddenImports(files)).toEqual([]);
});

test('manifests declare only what the arrows allow', () => {
  expect(forbiddenDependencies(files)).toEqual([]);
});

test('every workspace package has its line in the table of arrows', () => {
  const packages = files.flatMap(
    ({ path }) => /^(\w+\/[\w-]+)\/package\.json$/.exec(path)?.[1] ?? [],
  );
  expect(packages.filter((folder) => !(folder in ARROWS))).toEqual([]);
});

test('every watchdog rule has a heading in the runbook', () => {
  expect(rulesWithoutRunbook(files)).toEqual([]);
});

test('every migration has a number of its own', () => {
  expect(clashingMigrations(files)).toEqual([]);
});

test('every test file asserts', () => {
  expect(testsWithoutAssertion(files)).toEqual([]);
});

test('every invariant names a test that exists, or says that there is none yet', () => {
  const ids = Array.from({ length: 13 }, (_, index) => `I${index + 1}`);
  const { broken, notYet } = readRegister(files, ids);
  if (notYet.length > 0) console.log(`invariants without a test: ${notYet.join(', ')}`);
  expect(broken).toEqual([]);
});
