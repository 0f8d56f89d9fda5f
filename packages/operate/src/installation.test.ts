import { environmentOf } from '@nightshift/lifecycle';
import { manualClock, onCleanup, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { readHalt } from './halt-state.ts';
import { openInstallation } from './installation.ts';
import { migrateDatabases } from './migrate.ts';

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
