import { expect, test } from 'vitest';
import { findings } from './rule.ts';
import { textRules } from './text-rules.ts';

const WORKER = 'services/worker/src/claim.ts';
const STORE = 'packages/store/src/open.ts';
const SUITE = 'services/worker/src/claim.test.ts';
const LIFECYCLE = 'packages/lifecycle/src/settings.ts';
const CLOCK = 'packages/domain/src/clock.ts';
const PRINTER = 'packages/cli/src/printer.ts';

interface Example {
  readonly bad: ReadonlyArray<readonly [path: string, text: string]>;
  readonly good: ReadonlyArray<readonly [path: string, text: string]>;
}

/** For each rule what it must catch, and its nearest neighbour that it must let pass. */
const examples: Readonly<Record<string, Example>> = {
  'database-opened-outside-store': {
    bad: [[WORKER, 'const db = new Database(file);']],
    good: [
      [STORE, 'const db = new Database(file);'],
      [WORKER, "// never new Database(file) here\nconst text = 'new Database(x)';"],
    ],
  },
  'async-transaction': {
    bad: [[STORE, 'db.transaction(async () => {})']],
    good: [[STORE, 'db.transaction(() => {})']],
  },
  'environment-read': {
    bad: [
      [WORKER, 'const key = process.env.KEY;'],
      [WORKER, "const key = `${process.env['KEY']}`;"],
    ],
    good: [
      [LIFECYCLE, 'const key = process.env.KEY;'],
      [SUITE, 'const path = process.env.PATH;'],
      [WORKER, 'const key = "process.env.KEY";'],
    ],
  },
  'clock-read': {
    bad: [
      [WORKER, 'const at = Date.now();'],
      [SUITE, 'const at = new Date();'],
      [WORKER, 'const clock = { now: Date.now };'],
    ],
    good: [
      [CLOCK, 'now: () => Date.now(),'],
      [WORKER, 'const at = new Date(row.at);'],
      ['test/fakes/src/ntfy.ts', 'const at = Date.now();'],
    ],
  },
  'time-asked-of-sqlite': {
    bad: [
      ['packages/store/migrations/nightshift/0002-x.sql', 'DEFAULT CURRENT_TIMESTAMP'],
      [STORE, "db.prepare(`SELECT unixepoch('subsec')`)"],
      [STORE, `db.prepare("SELECT datetime('now')")`],
    ],
    good: [
      ['packages/store/src/claim.sql', '-- never CURRENT_TIMESTAMP\nSELECT :now'],
      [STORE, '// not unixepoch()'],
    ],
  },
  'sleep-in-test': {
    bad: [
      [SUITE, 'await new Promise((resolve) => setTimeout(resolve, 50));'],
      [SUITE, "import { setTimeout as sleep } from 'node:timers/promises';"],
    ],
    good: [
      [WORKER, 'setTimeout(resolve, 50);'],
      ['test/fakes/src/slow.ts', 'setTimeout(resolve, 50);'],
    ],
  },
  'test-switched-off': {
    bad: [
      [SUITE, "test.skip('x', () => {});"],
      [SUITE, "describe.only('x', () => {});"],
    ],
    good: [[SUITE, "test('only one .skip( in a title', () => {});"]],
  },
  console: {
    bad: [[WORKER, "console.log('here');"]],
    good: [
      [PRINTER, "console.log('here');"],
      [WORKER, '// console.log'],
      ['packages/sandbox/fixtures/hello.ts', "console.log('here');"],
    ],
  },
  unfinished: {
    bad: [
      [WORKER, '// TODO later'],
      ['README.md', 'FIXME: write this'],
    ],
    good: [[WORKER, "const state = 'todo';"]],
  },
  'place-of-one-machine': {
    bad: [
      [SUITE, "const dir = '/root/nightshift';"],
      ['pnpm-lock.yaml', 'tarball: https://registry.npmjs.org/x.tgz'],
    ],
    good: [[WORKER, "import x from '../work/x.ts';"]],
  },
  'line-too-long': {
    bad: [
      [WORKER, `// ${'word '.repeat(30)}`],
      [WORKER, `const a = [${'1, '.repeat(40)}];`],
    ],
    good: [
      [SUITE, `test('${'a long title '.repeat(10)}', () => {`],
      [WORKER, `// see https://example.com/${'a'.repeat(100)}`],
      [WORKER, `import { ${'name, '.repeat(20)} } from './x.ts';`],
    ],
  },
  'logic-in-index': {
    bad: [
      ['packages/store/src/index.ts', "export { a } from './a.ts';\nexport const b = 1;"],
      ['packages/store/src/index.ts', "import './a.ts';"],
    ],
    good: [
      [
        'packages/store/src/index.ts',
        "/** Why. */\nexport { a, b } from './a.ts';\nexport type {\n  C,\n} from './c.ts';\nexport * from './d.ts';",
      ],
    ],
  },
  'grab-bag': {
    bad: [
      ['packages/store/src/utils.ts', ''],
      ['packages/store/src/shared/row.ts', ''],
      ['services/worker/src/claim-helpers.ts', ''],
    ],
    good: [
      ['test/support/src/helper.ts', ''],
      ['packages/store/src/shared-cache-is-off.sql', ''],
    ],
  },
};

test('every rule has an example of what it catches', () => {
  expect(Object.keys(examples).toSorted()).toEqual(textRules.map((rule) => rule.id).toSorted());
});

test.each(textRules)(
  '$id catches its examples, names the line, and lets its neighbours be',
  (rule) => {
    const { bad, good } = examples[rule.id]!;
    for (const [path, text] of bad) {
      const found = findings([rule], [{ path, text }]);
      expect(found, `${path}: ${text}`).toHaveLength(1);
      expect(found[0]).toMatch(new RegExp(`^${path}:\\d+: ${rule.id}: .{10,}`));
    }
    for (const [path, text] of good) {
      expect(findings([rule], [{ path, text }]), `${path}: ${text}`).toEqual([]);
    }
  },
);

test('a finding names the line', () => {
  const text = "import a from 'a';\n\nconst at = Date.now();\n";
  const [found] = findings(textRules, [{ path: WORKER, text }]);
  expect(found).toContain(`${WORKER}:3: clock-read`);
});
