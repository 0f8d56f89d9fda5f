import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { makeSite, nightshift } from '../test/command.ts';

const SLOW = 30_000;

test(
  'a command from any folder finds the one ledger beside the configuration, or exits 78',
  async () => {
    const { dir, installation } = await makeSite();
    const home = tempDir('home');
    const config = join(dir, 'nightshift.config.ts');
    const raise = ['budget', 'raise', '--today', '$0.25', '--reason', 'a test'];
    expect(await nightshift(home, ...raise, '--config', config)).toMatchObject({ code: 0 });
    const here = await nightshift(dir, 'spend', '--json');
    expect(here.json()).toMatchObject({ windows: [{ scope: 'global', capUsd: 0.25 }] });
    // No second one is begun, neither where the command was typed nor where the first was lost.
    const nowhere = await nightshift(home, ...raise);
    expect(nowhere).toMatchObject({ code: 78, stdout: '' });
    await installation.close();
    for (const file of ['nightshift.db', 'nightshift.db-wal', 'nightshift.db-shm']) {
      rmSync(join(dir, '.nightshift', file), { force: true });
    }
    const vanished = await nightshift(home, ...raise, '--config', config, '--json');
    expect(vanished.code).toBe(78);
    expect(vanished.json()).toMatchObject({ error: { code: 'database-missing' } });
    const migrated = await nightshift(dir, 'migrate', '--json');
    expect(migrated.code).toBe(78);
  },
  SLOW,
);
