import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '@nightshift/support';
import { sql } from '../../test/money.ts';
import { enqueued, openWorld } from '../../test/world.ts';
import { NIGHTSHIFT_DB, WATCHDOG_DB } from '../database.ts';
import { copyDatabase } from './copy.ts';
import { inspectCopy } from './inspect.ts';

test('a copy holds every row and schema of the original, which goes on', async () => {
  const world = await openWorld();
  await enqueued(world, 'a');
  const into = join(tempDir('copy'), 'copy.db');
  await copyDatabase(NIGHTSHIFT_DB, { ...world, into });
  await enqueued(world, 'b');
  const { rows, schema } = await inspectCopy(NIGHTSHIFT_DB, into);
  expect(rows).toMatchObject({ jobs: 1, job_keys: 1, tasks: 1, migrations: schema });
  await expect(copyDatabase(NIGHTSHIFT_DB, { ...world, into })).rejects.toThrow('exists');
});

test('a copy of another database, or with pages missing, is damaged', async () => {
  const world = await openWorld();
  const into = join(tempDir('copy'), 'copy.db');
  await copyDatabase(NIGHTSHIFT_DB, { ...world, into });
  const damaged = { code: 'backup-damaged', exitCode: 78 };
  await expect(inspectCopy(WATCHDOG_DB, into)).rejects.toMatchObject(damaged);
  truncateSync(into, 40_960);
  await expect(inspectCopy(NIGHTSHIFT_DB, into)).rejects.toMatchObject(damaged);
  truncateSync(into, 10);
  await expect(inspectCopy(NIGHTSHIFT_DB, into)).rejects.toMatchObject(damaged);
});

test('a copy that only a later program may use is refused', async () => {
  const world = await openWorld();
  const row = [900, 'later', '', 0, 900];
  sql(world).run('INSERT INTO migrations VALUES (?, ?, ?, ?, ?)', row);
  const into = join(tempDir('copy'), 'copy.db');
  await expect(copyDatabase(NIGHTSHIFT_DB, { ...world, into })).rejects.toMatchObject({
    code: 'schema-newer',
  });
  sql(world).run('VACUUM INTO ?', [into]);
  await expect(inspectCopy(NIGHTSHIFT_DB, into)).rejects.toMatchObject({ code: 'schema-newer' });
});
