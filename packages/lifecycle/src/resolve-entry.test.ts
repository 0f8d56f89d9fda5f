import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { resolveEntry } from './resolve-entry.ts';

test('a path is relative to the configuration and comes back without symbolic links', () => {
  const dir = realpathSync(tempDir());
  mkdirSync(path.join(dir, 'real'));
  writeFileSync(path.join(dir, 'real/agent.ts'), '');
  symlinkSync(path.join(dir, 'real'), path.join(dir, 'agents'));
  expect(resolveEntry('./agents/agent.ts', dir, 'x')).toBe(path.join(dir, 'real/agent.ts'));
});

test('a package shipped with the installation is found from anywhere', () => {
  expect(resolveEntry('nightshift', tempDir(), 'x')).toMatch(
    /packages\/nightshift\/src\/agent\.ts$/,
  );
});

test('a missing entry says where it was looked for and what to write', () => {
  const dir = tempDir();
  expect(() => resolveEntry('./nope.ts', dir, 'agents.a.entry')).toThrow(
    expect.objectContaining({
      code: 'entry-missing',
      at: 'agents.a.entry',
      exitCode: 78,
      fix: expect.stringContaining(path.join(dir, 'nope.ts')),
    }),
  );
  expect(() => resolveEntry('no-such-package', dir, 'x')).toThrow(/no package no-such-package/);
});
