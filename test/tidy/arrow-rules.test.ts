import { expect, test } from 'vitest';
import { forbiddenDependencies, forbiddenImports } from './arrow-rules.ts';
import { ARROWS } from './arrows.ts';

const imports = (path: string, text: string): string[] => forbiddenImports([{ path, text }]);
const manifest = (path: string, value: object): string[] =>
  forbiddenDependencies([{ path: `${path}/package.json`, text: JSON.stringify(value) }]);

test.each([
  ['packages/domain/src/a.ts', '@nightshift/store', 'may import only: nothing'],
  ['packages/domain/src/a.ts', 'zod', 'only packages/nightshift and packages/broker'],
  ['packages/cli/src/a.ts', '@nightshift/worker', 'may import only: operate, lifecycle, domain'],
  ['packages/cli/src/a.ts', '@nightshift/store/tickets', 'may import only'],
  ['packages/sandbox/src/parent/a.ts', 'ai', 'only packages/sandbox/src/child'],
  ['packages/digest/src/a.ts', '@nightshift/domain', 'may import only: nightshift'],
  ['packages/store/src/a.ts', 'nightshift/config', 'may import only: domain'],
  ['services/worker/src/a.ts', 'better-sqlite3', 'only packages/store'],
  ['services/worker/src/a.ts', '../../../packages/store/src/open.ts', 'leaves its package'],
  ['services/worker/src/a.ts', 'left-pad', 'test/tidy/arrows.ts'],
  ['services/worker/src/a.ts', '@nightshift/fakes', 'only tests'],
  ['services/watchdog/src/a.test.ts', '@nightshift/queue', 'may import only'],
  ['packages/queue/src/a.test.ts', 'better-sqlite3', 'only packages/store'],
  ['packages/store/src/a.test.ts', '@nightshift/lifecycle', 'may import only: domain'],
  ['test/fakes/src/a.ts', '@nightshift/domain', 'may import only: nothing'],
])('%s may not import %s', (path, specifier, reason) => {
  expect(imports(path, `import { x } from '${specifier}';`)).toEqual([
    expect.stringContaining(reason),
  ]);
});

test.each([
  "import x from 'liteque';",
  "export * from 'liteque';",
  "import 'liteque';",
  "const x = await import('liteque');",
  "const x = require('liteque/x');",
  "type X = import('liteque').X;",
  "import {\n  x,\n} from 'liteque';",
  "import.meta.resolve('liteque');",
])('an import is seen in the form %j', (text) => {
  expect(imports('services/worker/src/a.ts', text)).toHaveLength(1);
});

test.each([
  ['services/worker/src/a.ts', '@nightshift/queue'],
  ['services/worker/src/a.ts', 'node:fs'],
  ['services/worker/src/deep/a.ts', '../b.ts'],
  ['services/worker/src/a.test.ts', '@nightshift/support'],
  ['packages/store/test/world.ts', '@nightshift/support'],
  ['packages/sandbox/src/child/a.ts', 'ai'],
  ['packages/sandbox/fixtures/a.ts', 'ai'],
  ['packages/alerts/src/a.test.ts', '@nightshift/store'],
  ['packages/lifecycle/src/a.ts', 'nightshift/config'],
  ['test/processes/a.test.ts', '@nightshift/worker'],
])('%s may import %s', (path, specifier) => {
  expect(imports(path, `import { x } from '${specifier}';`)).toEqual([]);
});

test.each([
  "// import x from 'zod';",
  "Buffer.from('zod', 'hex');",
  "const from = 'zod';",
  "resolve('zod');",
])('%s imports nothing', (text) => {
  expect(imports('packages/domain/src/a.ts', text)).toEqual([]);
});

test('a manifest may declare what the arrows allow, from the catalog, and test tools for tests', () => {
  const dependencies = { '@nightshift/domain': 'workspace:*', undici: 'catalog:' };
  const devDependencies = { '@nightshift/fakes': 'workspace:*', openai: 'catalog:' };
  expect(manifest('packages/alerts', { dependencies, devDependencies })).toEqual([]);
  expect(manifest('packages/sandbox', { dependencies: { ai: 'catalog:' } })).toEqual([]);
});

test.each([
  [{ dependencies: { '@nightshift/store': 'workspace:*' } }, 'may import only: domain'],
  [{ devDependencies: { '@nightshift/queue': 'workspace:*' } }, 'may import only: domain'],
  [{ devDependencies: { 'better-sqlite3': 'catalog:' } }, 'only packages/store'],
  [{ dependencies: { '@nightshift/fakes': 'workspace:*' } }, 'only tests'],
  [{ dependencies: { liteque: 'catalog:' } }, 'only packages/queue'],
  [{ dependencies: { undici: '^8.0.0' } }, 'catalog of pnpm-workspace.yaml'],
])('a manifest with %j is refused', (value, reason) => {
  expect(manifest('packages/alerts', value)).toEqual([expect.stringContaining(reason)]);
});

test('the arrows have no circle', () => {
  const above = (folder: string): string[] =>
    Object.keys(ARROWS).flatMap((it) =>
      ARROWS[folder]?.includes(it.split('/')[1] ?? '') ? [it, ...above(it)] : [],
    );
  for (const folder of Object.keys(ARROWS)) expect(above(folder)).not.toContain(folder);
});
