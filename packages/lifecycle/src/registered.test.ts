import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { registeredInstallation, registeredStateDir } from './registered.ts';

test('what was installed is read, and what cannot be understood is nothing', () => {
  const dir = tempDir();
  const file = join(dir, 'install.json');
  expect(registeredInstallation(file)).toBeNull();
  const place = { config: '/srv/night/c.ts', stateDir: '/var/lib/nightshift' };
  writeFileSync(file, JSON.stringify({ schema: 1, place, withoutAlerts: true }));
  expect(registeredInstallation(file)).toEqual({ ...place, withoutAlerts: true });
  for (const text of ['{', 'null', '{"schema":2}', '{"schema":1,"place":{"config":"/c.ts"}}']) {
    writeFileSync(file, text);
    expect(registeredInstallation(file)).toBeNull();
  }
});

test('its state is that of its own configuration and of none, never that of another', () => {
  const dir = tempDir();
  mkdirSync(join(dir, 'release'));
  const config = join(dir, 'release', 'c.ts');
  writeFileSync(config, '');
  symlinkSync(join(dir, 'release'), join(dir, 'current'));
  const registered = { config, stateDir: '/var/lib/nightshift', withoutAlerts: false };
  expect(registeredStateDir(null, registered)).toBe('/var/lib/nightshift');
  expect(registeredStateDir(join(dir, 'current', 'c.ts'), registered)).toBe('/var/lib/nightshift');
  expect(registeredStateDir(join(dir, 'mine.ts'), registered)).toBeUndefined();
  expect(registeredStateDir(null, null)).toBeUndefined();
});
