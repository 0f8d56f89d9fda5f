import { expect, test } from 'vitest';
import {
  clashingMigrations,
  readRegister,
  rulesWithoutRunbook,
  testsWithoutAssertion,
} from './repository-rules.ts';

const file = (path: string, text = '') => ({ path, text });

test('a watchdog rule without a heading is found; one with a heading is not', () => {
  const files = [
    file('packages/alerts/src/rules/spend-day.ts'),
    file('packages/alerts/src/rules/breaker-open.ts'),
    file('packages/alerts/src/rules/spend-day.test.ts'),
    file(
      'RUNBOOK.md',
      '# Runbook\n\n## `spend-day`: the day is full\n\nbreaker-open in a sentence\n',
    ),
  ];
  expect(rulesWithoutRunbook(files)).toEqual([expect.stringContaining('the rule breaker-open')]);
});

test('a migration number used twice in one folder is found, in two folders it is fine', () => {
  const at = (path: string) => file(`packages/store/migrations/${path}`);
  expect(clashingMigrations([at('a/0001-x.sql'), at('b/0001-y.sql')])).toEqual([]);
  expect(clashingMigrations([at('a/0001-x.sql'), at('a/01_y.sql')])).toEqual([
    'packages/store/migrations/a/01_y.sql: takes the number of packages/store/migrations/a/0001-x.sql: use the next one',
  ]);
  expect(clashingMigrations([at('a/jobs.sql')])).toHaveLength(1);
});

test('a test file that only mentions expect() in a comment asserts nothing', () => {
  const files = [
    file('a.test.ts', '// expect(1).toBe(1)\ntest("x", () => {});'),
    file('b.test.ts', 'expect(1).toBe(1);'),
  ];
  expect(testsWithoutAssertion(files)).toEqual([expect.stringMatching(/^a\.test\.ts: /)]);
});

const rows = (...lines: string[]) =>
  file('test/INVARIANTS.md', `| id |\n|---|\n${lines.join('\n')}`);

test('the register accepts a test that exists, also with quotes in its title', () => {
  const files = [
    rows("| I1 | x | `test/a.test.ts` | a hold's end |", '| I2 | y | not yet | |'),
    file('test/a.test.ts', `test("a hold's end", () => {});`),
  ];
  expect(readRegister(files, ['I1', 'I2'])).toEqual({ broken: [], notYet: ['I2'] });
});

test('the register refuses a missing row, a missing file and a title that no test has', () => {
  const files = [
    rows('| I1 | x | test/gone.test.ts | a title |', '| I2 | x | test/a.test.ts | a title |'),
    file('test/a.test.ts', "test('another title', () => {});"),
  ];
  expect(readRegister(files, ['I1', 'I2', 'I3']).broken).toEqual([
    expect.stringContaining('I3 has no row'),
    expect.stringContaining('I1: there is no file test/gone.test.ts'),
    expect.stringContaining('I2: test/a.test.ts has no test "a title"'),
  ]);
});
