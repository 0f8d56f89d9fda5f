import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '@nightshift/support';
import { environmentOf } from './environment.ts';

test('a secret is a variable, or a file that a variable names, or a credential', () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'key'), 'from-file\n');
  writeFileSync(join(dir, 'CREDENTIAL'), 'from-credential');
  const environment = environmentOf({
    PLAIN: 'from-variable',
    FILED_FILE: join(dir, 'key'),
    CREDENTIALS_DIRECTORY: dir,
  });
  const read = ['PLAIN', 'FILED', 'CREDENTIAL', 'NOWHERE'].map((env) =>
    environment.resolveSecret({ env }),
  );
  expect(read).toEqual(['from-variable', 'from-file', 'from-credential', null]);
});

test('an empty variable is no secret', () => {
  expect(environmentOf({ KEY: '' }).resolveSecret({ env: 'KEY' })).toBeNull();
  expect(() => environmentOf({ KEY: '' }).requireSecret({ env: 'KEY' }, 'models.m')).toThrow(
    expect.objectContaining({ code: 'secret-missing', exitCode: 78, at: 'models.m' }),
  );
});

test('a file that is named but missing or empty is an error with its place', () => {
  const file = join(tempDir(), 'none');
  const read = () => environmentOf({ KEY_FILE: file }).resolveSecret({ env: 'KEY' });
  expect(read).toThrow(expect.objectContaining({ code: 'secret-unreadable', at: file }));
  writeFileSync(file, '\n');
  expect(read).toThrow(expect.objectContaining({ code: 'secret-unreadable', at: file }));
});

test('values that were resolved or are expected are known, longest first, through defaults', () => {
  const environment = environmentOf({ A: 'short', B: 'much longer', C: 'unused' });
  environment.expect([{ env: 'A' }, { env: 'NOWHERE' }]);
  const merged = environment.withDefaults({ A: 'overridden', D: 'default' });
  merged.resolveSecret({ env: 'B' });
  merged.resolveSecret({ env: 'D' });
  expect(merged.get('A')).toBe('short');
  expect(environment.secretValues()).toEqual(['much longer', 'default', 'short']);
});
