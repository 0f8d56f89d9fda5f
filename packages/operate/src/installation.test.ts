import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf } from '@nightshift/lifecycle';
import { manualClock, onCleanup, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { readHalt } from './halt-state.ts';
import { openInstallation } from './installation.ts';
import { migrateDatabases } from './migrate.ts';
import { readStatus } from './status.ts';

test('a database that was looked for before it was made is found afterwards', async () => {
  const installation = openInstallation({
    cwd: tempDir('fresh'),
    create: true,
    clock: manualClock('2026-11-22T12:00:00Z'),
    environment: environmentOf({}),
  });
  onCleanup(() => installation.close());
  expect(await readHalt(installation)).toMatchObject({ halted: false, byRow: null });
  await migrateDatabases(installation);
  expect(await readHalt(installation)).toMatchObject({ halted: false, byRow: false });
});

test('a command without a configuration here is about the one that was installed', async () => {
  const [elsewhere, project] = [tempDir('elsewhere'), tempDir('project')];
  const [config, stateDir] = [join(project, 'c.ts'), join(project, 'state')];
  writeFileSync(config, `export default { timezone: 'Europe/Berlin', agents: {} };`);
  const registered = { config, stateDir, withoutAlerts: true };
  const open = (cwd: string, over: object = {}, variables: Record<string, string> = {}) => {
    const environment = environmentOf(variables);
    const it = openInstallation({ cwd, create: true, registered, environment, ...over });
    onCleanup(() => it.close());
    return it;
  };
  const installed = open(elsewhere);
  expect([installed.configFile, installed.paths.dir]).toEqual([config, stateDir]);
  expect((await installed.settings()).timezone).toBe('Europe/Berlin');
  await migrateDatabases(installed);
  expect(await readStatus(installed)).toMatchObject({ withoutAlerts: true });
  expect(open(elsewhere, { registered: null }).configFile).toBeNull();
  // Whoever names a state folder may mean another installation.
  expect(open(elsewhere, { stateDir: 'mine' }).configFile).toBeNull();
  expect(open(elsewhere, {}, { NIGHTSHIFT_STATE_DIR: '/mine' }).configFile).toBeNull();
  expect(open(elsewhere, { stateDir }).configFile).toBe(config);
});

test('a project of its own never gets into the state of the installation', () => {
  const dir = tempDir('own');
  mkdirSync(join(dir, 'installed'));
  writeFileSync(join(dir, 'nightshift.config.ts'), 'export default {};');
  const config = join(dir, 'installed', 'nightshift.config.ts');
  const registered = { config, stateDir: join(dir, 'installed/state'), withoutAlerts: true };
  const environment = environmentOf({});
  const own = openInstallation({ cwd: dir, create: true, registered, environment });
  onCleanup(() => own.close());
  expect(own.paths.dir).toBe(join(dir, '.nightshift'));
  expect(own.withoutAlerts).toBe(false);
});
