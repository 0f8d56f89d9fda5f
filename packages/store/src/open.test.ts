import { chmodSync, existsSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manualClock, onCleanup, spawnNode, tempDir } from '@nightshift/support';
import { EXIT } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { openWorld, PERSON, newJob } from '../test/world.ts';
import { Connection } from './connection.ts';
import { requireSqlite } from './database.ts';
import { openStore, type OpenMode, type Store } from './index.ts';
import { loadMigrations } from './migrate.ts';
import { connectionOf } from './store-connection.ts';

const clock = manualClock(0);
const OPENER = new URL('../test/fixtures/open.ts', import.meta.url).pathname;

function open(stateDir: string, mode: OpenMode = 'create', readonly = false): Promise<Store> {
  return openStore({ stateDir, clock, mode, readonly });
}

function refusal(code: string): object {
  return { name: 'NightshiftError', code, exitCode: EXIT.config, fix: expect.any(String) };
}

/** A file that SQLite made, which is not ours. */
function foreignDatabase(file: string, script: string): void {
  writeFileSync(file, '');
  const db = new Connection({ file });
  db.exec(script);
  db.close();
}

describe('creating', () => {
  test('makes a private folder, private files and a marker that names the installation', async () => {
    const stateDir = join(tempDir('open'), 'deep', 'state');
    const store = await open(stateDir);
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect(mode(stateDir)).toBe(0o700);
    for (const file of ['nightshift.db', 'nightshift.db-wal', 'nightshift.db-shm', 'state.json']) {
      expect([file, mode(join(stateDir, file))]).toEqual([file, 0o600]);
    }
    const marker = JSON.parse(readFileSync(join(stateDir, 'state.json'), 'utf8')) as object;
    expect(marker).toEqual({
      schema: 1,
      installation: store.installation,
      createdAt: 0,
      made: ['nightshift.db'],
    });
    store.close();
    store.close();
  });

  test('a second time finds the same installation and everything in it', async () => {
    const world = await openWorld();
    await world.store.jobs.enqueue(newJob('k'), PERSON);
    const again = await world.other();
    expect(again.installation).toBe(world.store.installation);
    expect(await again.jobs.list({ limit: 5 })).toHaveLength(1);
  });

  test('a crash before the marker was written is made good at the next start', async () => {
    const { stateDir, store } = await openWorld();
    rmSync(join(stateDir, 'state.json'));
    const again = await open(stateDir);
    onCleanup(() => again.close());
    expect(again.installation).toBe(store.installation);
    expect(existsSync(join(stateDir, 'state.json'))).toBe(true);
  });

  test('every connection has the pragmas that durability rests on', async () => {
    const { store } = await openWorld();
    const { db } = connectionOf(store);
    const values = ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout', 'temp_store'];
    expect(values.map((it) => db.pragma(it))).toEqual(['wal', 2, 1, 5, 2]);
    expect(db.pragma('integrity_check')).toBe('ok');
  });

  test('four processes at once make one installation with each migration once', async () => {
    const stateDir = join(tempDir('open'), 'state');
    const started = Array.from({ length: 4 }, () => spawnNode([OPENER, stateDir]));
    const exits = await Promise.all(started.map((it) => it.exited));
    expect([exits.map((it) => it.code), started.map((it) => it.stderr)]).toEqual([
      [0, 0, 0, 0],
      ['', '', '', ''],
    ]);
    const ids = started.map(
      (it) => (JSON.parse(it.stdout) as { installation: string }).installation,
    );
    expect(new Set(ids).size).toBe(1);
    const store = await open(stateDir, 'existing');
    onCleanup(() => store.close());
    const { db } = connectionOf(store);
    const rows = db.all<{ number: number }>('SELECT number FROM migrations');
    expect(rows).toEqual(loadMigrations('nightshift').map(({ number }) => ({ number })));
  });

  test('several processes enqueue the same keys: one job a key', async () => {
    const { stateDir, store } = await openWorld();
    const started = Array.from({ length: 3 }, () => spawnNode([OPENER, stateDir, 'enqueue', '40']));
    await Promise.all(started.map((it) => it.exited));
    const made = started.map((it) => (JSON.parse(it.stdout) as { made: number }).made);
    expect(made.reduce((sum, it) => sum + it, 0)).toBe(40);
    expect((await store.jobs.list({ limit: 100 })).map((it) => it.key).toSorted()).toEqual(
      Array.from({ length: 40 }, (_, n) => `key-${n}`).toSorted(),
    );
  });
});

describe('refusing', () => {
  test('a folder that holds nothing, when nothing may be made', async () => {
    const stateDir = join(tempDir('open'), 'none');
    await expect(open(stateDir, 'existing')).rejects.toMatchObject(refusal('state-missing'));
    await expect(open(stateDir, 'migrate')).rejects.toMatchObject(refusal('state-missing'));
    expect(existsSync(stateDir)).toBe(false);
  });

  test.each(['create', 'existing'] as const)(
    'a lost or emptied database is never replaced by a fresh one (%s)',
    async (mode) => {
      const { stateDir, store } = await openWorld();
      store.close();
      const file = join(stateDir, 'nightshift.db');
      truncateSync(file);
      await expect(open(stateDir, mode)).rejects.toMatchObject(refusal('database-missing'));
      rmSync(file);
      await expect(open(stateDir, mode)).rejects.toMatchObject(refusal('database-missing'));
      expect(existsSync(file)).toBe(false);
      writeFileSync(join(stateDir, 'state.json'), 'not JSON');
      await expect(open(stateDir, mode)).rejects.toMatchObject(refusal('database-missing'));
    },
  );

  test.each([
    ['tables', 'CREATE TABLE customers (id INTEGER)'],
    ['an application id', 'PRAGMA application_id = 42'],
    ['a schema version', 'PRAGMA user_version = 7'],
  ])('the database of another program, known by %s, without changing a byte', async (_, script) => {
    const stateDir = tempDir('open');
    const file = join(stateDir, 'nightshift.db');
    foreignDatabase(file, script);
    const before = readFileSync(file);
    await expect(open(stateDir)).rejects.toMatchObject(refusal('not-our-database'));
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(existsSync(join(stateDir, 'state.json'))).toBe(false);
  });

  test('a file that is no database', async () => {
    const stateDir = tempDir('open');
    writeFileSync(join(stateDir, 'nightshift.db'), 'a shopping list, not a database\n'.repeat(99));
    await expect(open(stateDir)).rejects.toMatchObject(refusal('database-corrupt'));
  });

  test('a damaged header', async () => {
    const { stateDir, store } = await openWorld();
    store.close();
    const file = join(stateDir, 'nightshift.db');
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 0, 64);
    writeFileSync(file, bytes);
    await expect(open(stateDir)).rejects.toMatchObject(refusal('database-corrupt'));
  });

  test('an empty file where a schema is expected', async () => {
    const stateDir = tempDir('open');
    writeFileSync(join(stateDir, 'nightshift.db'), '');
    await expect(open(stateDir, 'existing')).rejects.toMatchObject({
      ...refusal('schema-older'),
      fix: 'run `nightshift migrate`',
    });
    const store = await open(stateDir, 'migrate');
    store.close();
  });

  test('a schema that needs a newer program, but not one that merely is newer', async () => {
    const { stateDir, store } = await openWorld();
    const { db } = connectionOf(store);
    const insert = `INSERT INTO migrations VALUES (?, 'later', '', 0, ?)`;
    const known = loadMigrations('nightshift').length;
    await db.write(() => db.run(insert, [known + 1, 1]));
    const usable = await open(stateDir, 'existing');
    usable.close();
    await db.write(() => db.run(insert, [known + 2, known + 2]));
    for (const mode of ['create', 'migrate', 'existing'] as const) {
      await expect(open(stateDir, mode)).rejects.toMatchObject(refusal('schema-newer'));
    }
  });

  test('a state folder below a file', async () => {
    const file = join(tempDir('open'), 'file');
    writeFileSync(file, '');
    const stateDir = join(file, 'state');
    await expect(open(stateDir)).rejects.toMatchObject(refusal('state-not-writable'));
  });

  test('a state folder of somebody else', async () => {
    const { stateDir, store } = await openWorld();
    store.close();
    chmodSync(stateDir, 0o555);
    onCleanup(() => chmodSync(stateDir, 0o700));
    for (const folder of [stateDir, join(stateDir, 'below')]) {
      const opener = spawnNode([OPENER, folder, 'as-ordinary-user']);
      expect((await opener.exited).code).toBe(EXIT.config);
      expect(JSON.parse(opener.stdout)).toEqual({ code: 'state-not-writable' });
    }
  });

  test('a SQLite that can lose commits', () => {
    for (const version of ['3.51.2', '3.50.9', '2.99.99']) {
      expect(() => requireSqlite(version)).toThrow('3.51.3 is needed');
    }
    for (const version of ['3.51.3', '3.52.0', '4.0.0']) {
      expect(() => requireSqlite(version)).not.toThrow();
    }
  });
});

test('a reading command reads and cannot write', async () => {
  const { stateDir, store } = await openWorld();
  await store.jobs.enqueue(newJob('k'), PERSON);
  const reader = await open(stateDir, 'existing', true);
  onCleanup(() => reader.close());
  expect(await reader.jobs.list({ limit: 5 })).toHaveLength(1);
  await expect(reader.jobs.enqueue(newJob('x'), PERSON)).rejects.toMatchObject({
    code: 'database-read-only',
  });
});
