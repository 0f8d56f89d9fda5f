import { defineConfig } from 'vitest/config';

/**
 * Three projects, because they cost differently. `unit` and `processes` are `npm test` (under three
 * minutes on two cores); `crash` is `pnpm test:crash`, with what takes whole services long. Forks,
 * not threads: tests change folders, listen to signals and load a native module. Every file gets a
 * fresh process (`isolate`).
 *
 * `VITEST_JSON=FILE` adds the machine-readable report that `.ci/run` adds up.
 */
const jsonReport = process.env['VITEST_JSON'];

const everyProject = {
  environment: 'node' as const,
  pool: 'forks' as const,
  setupFiles: ['test/support/src/setup.ts'],
  // A test without an assertion fails: the cheapest form of "every test asserts".
  expect: { requireAssertions: true },
};

export default defineConfig({
  test: {
    reporters: jsonReport === undefined ? ['default'] : ['default', 'json'],
    ...(jsonReport === undefined ? {} : { outputFile: { json: jsonReport } }),
    passWithNoTests: true,
    // One worker a core and never more: a process scenario starts three services of its own.
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...everyProject,
          name: 'unit',
          include: [
            'packages/**/*.test.ts',
            'services/**/*.test.ts',
            'infra/**/*.test.ts',
            'test/{bench,fakes,fuzz,soak,support,tidy}/**/*.test.ts',
            'test/*.test.ts',
          ],
          // Generous: a machine that is busy with something else is no reason to fail.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...everyProject,
          name: 'processes',
          include: ['test/processes/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...everyProject,
          name: 'crash',
          include: ['test/{crash,fault}/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
