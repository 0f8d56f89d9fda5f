import { mkdirSync, renameSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { repoRoot, spawnNode, tempDir } from '@nightshift/support';
import { environmentOf } from './environment.ts';
import { loadSettings } from './load-config.ts';

const environment = environmentOf({});
let dir: string;

beforeEach(() => {
  dir = tempDir();
});

function write(text: string, name = 'nightshift.config.ts'): string {
  const file = join(dir, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const load = (configFile?: string) => loadSettings({ cwd: dir, configFile, environment });

test('without a file the built-in configuration is used, for the working folder', async () => {
  const { settings } = await load();
  expect(settings).toMatchObject({ file: null, dir, version: 0 });
  expect(settings.agents.map((it) => it.name)).toEqual(['digest']);
});

test('a TypeScript configuration is found in the working folder', async () => {
  symlinkSync(join(repoRoot, 'node_modules'), join(dir, 'node_modules'));
  const file = write(`
    import { defineConfig, type ConfigInput } from 'nightshift/config';
    const agents: ConfigInput['agents'] = { mine: { entry: './mine.ts' } };
    export default defineConfig({ agents });
  `);
  const { settings } = await load();
  expect(settings).toMatchObject({ file, dir, agents: [{ name: 'mine' }] });
  expect(settings.version).toBeGreaterThan(Date.UTC(2026, 0, 1) / 2);
});

test('a file that was put back with its old date is newer than what it replaced', async () => {
  const file = write('export default { agents: {} };');
  const before = (await load()).settings.version;
  const old = `${file}.old`;
  writeFileSync(old, 'export default { agents: {}, timezone: "UTC" };');
  utimesSync(old, 1_000_000_000, 1_000_000_000);
  renameSync(old, file);
  const { settings } = await load();
  expect(statSync(file).mtimeMs).toBe(1_000_000_000_000);
  expect(settings.version).toBeGreaterThanOrEqual(before);
});

test('paths are relative to the file that is named, not to the working folder', async () => {
  const text = `export default { agents: { mine: { entry: 'x', allow: { read: ['data'] } } } };`;
  write(text, 'below/other.ts');
  const { settings } = await load('below/other.ts');
  expect(settings.agents[0]!.allow.read).toEqual([join(dir, 'below', 'data')]);
});

test('a .env beside it gives secrets, below the real environment', async () => {
  write('FROM_FILE=file-value\nBOTH=file-value\n', '.env');
  const real = environmentOf({ BOTH: 'real-value' });
  const loaded = await loadSettings({ cwd: dir, environment: real });
  const values = ['FROM_FILE', 'BOTH'].map((env) => loaded.environment.resolveSecret({ env }));
  expect(values).toEqual(['file-value', 'real-value']);
  expect(real.get('FROM_FILE')).toBeUndefined();
});

test('secrets that are set nowhere are mistakes for whoever asks', async () => {
  const m = `{ kind: 'endpoint', protocol: 'openai', model: 'x', baseUrl: 'http://127.0.0.1:1', apiKey: { kind: 'env', env: 'NO_KEY' } }`;
  write(`export default { agents: {}, models: { m: ${m} } };`);
  await load();
  await expect(loadSettings({ cwd: dir, environment, checkSecrets: true })).rejects.toThrow(
    'models.m.apiKey: NO_KEY is not set',
  );
});

describe('what is wrong is named with its place', () => {
  const rejected = (code: string, facts: object = {}) =>
    expect.objectContaining({ code, exitCode: 78, ...facts });

  test('a file that is not there, or is a folder', async () => {
    const at = join(dir, 'none.ts');
    await expect(load('none.ts')).rejects.toThrow(rejected('config-missing', { at }));
    await expect(load('.')).rejects.toThrow(rejected('config-missing', { at: dir }));
  });

  test('an error of syntax, with its line', async () => {
    const file = write('export default {\n  agents: {},\n  timezone: = 1,\n};\n');
    const at = expect.stringContaining(file);
    await expect(load()).rejects.toThrow(rejected('config-unreadable', { at }));
  });

  test('an import that cannot be found', async () => {
    const file = write(`const name = 'no-such-package';\nexport default await import(name);`);
    await expect(load()).rejects.toThrow(
      rejected('config-unreadable', {
        at: file,
        message: 'it imports no-such-package, which cannot be found',
      }),
    );
  });

  test('something that throws, with its line', async () => {
    const file = write(`const a = 1;\nthrow new Error('not today ' + a);\nexport default {};`);
    const facts = { at: `${file}:2`, message: 'Error: not today 1' };
    await expect(load()).rejects.toThrow(rejected('config-unreadable', facts));
  });

  test('a file without a default export', async () => {
    const at = write('export const config = {};');
    await expect(load()).rejects.toThrow(rejected('config-no-default', { at }));
  });

  test('mistakes, all of them', async () => {
    const at = write(`export default { agents: { a: {} }, budget: { perDay: '$1,00' } };`);
    await expect(load()).rejects.toThrow(rejected('config-invalid', { at }));
    await expect(load()).rejects.toThrow(/agents\.a\.entry: .*\n.*budget\.perDay: /);
  });
});

test('Node itself reads a configuration, strips its types and names the line of a mistake', async () => {
  write(`const a: number = 1;\nexport default { agents: {} as object, timezone: = a };`);
  const program = join(import.meta.dirname, '../fixtures/load.ts');
  const child = spawnNode([program], { cwd: dir });
  expect(await child.exited).toEqual({ code: 78, signal: null });
  expect(child.stderr).toContain('nightshift: config-unreadable: SyntaxError');
  expect(child.stderr).toMatch(/at {3}.*nightshift\.config\.ts:2\n/);
  write(`const a: number = 1;\nexport default { agents: {} as object, concurrency: a };`);
  const right = spawnNode([program], { cwd: dir });
  expect(await right.exited).toEqual({ code: 0, signal: null });
  expect(right.stdout).toBe('1\n');
});
