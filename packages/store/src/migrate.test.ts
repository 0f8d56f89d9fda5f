import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manualClock, onCleanup, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { Connection } from './connection.ts';
import { loadMigrations, migrate, schemaState, type Migration } from './migrate.ts';

const clock = manualClock(1_000);
const APP = 77;

async function connect(file = join(tempDir('migrate'), 'x.db')): Promise<Connection> {
  writeFileSync(file, '', { flag: 'a' });
  const db = new Connection({ file });
  onCleanup(() => db.close());
  await db.configure();
  return db;
}

const step = (number: number, sql: string, minReader = number): Migration => ({
  number,
  name: `step-${number}`,
  sql,
  sha256: `hash-${number}`,
  minReader,
});
const FIRST = step(1, 'CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)');
const SECOND = step(2, 'ALTER TABLE a ADD COLUMN y INTEGER', 1);

test('each migration is applied once, in order, with its row and its marks in the file', async () => {
  const db = await connect();
  expect(await migrate(db, [FIRST], APP, clock)).toEqual([1]);
  expect(await migrate(db, [FIRST, SECOND], APP, clock)).toEqual([2]);
  expect(await migrate(db, [FIRST, SECOND], APP, clock)).toEqual([]);
  expect(await schemaState(db)).toEqual({ number: 2, minReader: 1 });
  expect([db.pragma('user_version'), db.pragma('application_id')]).toEqual([2, APP]);
  expect(db.all('SELECT * FROM migrations WHERE number = 2')).toEqual([
    { number: 2, name: 'step-2', sha256: 'hash-2', applied_at: 1_000, min_reader: 1 },
  ]);
});

test('of connections that migrate at once, one applies each', async () => {
  const first = await connect();
  const all = [first, await connect(first.file), await connect(first.file)];
  const applied = await Promise.all(all.map((it) => migrate(it, [FIRST, SECOND], APP, clock)));
  expect(applied.flat().toSorted((a, b) => a - b)).toEqual([1, 2]);
});

test('one that fails leaves the database as it was, and the earlier ones in place', async () => {
  const db = await connect();
  const broken = step(2, 'CREATE TABLE b (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1)');
  await expect(migrate(db, [FIRST, broken], APP, clock)).rejects.toThrow('nowhere');
  expect(await schemaState(db)).toEqual({ number: 1, minReader: 1 });
  expect([
    db.pragma('user_version'),
    db.one(`SELECT 1 FROM sqlite_schema WHERE name = 'b'`),
  ]).toEqual([1, undefined]);
  expect(await migrate(db, [FIRST, SECOND], APP, clock)).toEqual([2]);
});

test('a program that knows too little is refused, one that may still read is not', async () => {
  const db = await connect();
  await migrate(db, [FIRST, SECOND], APP, clock);
  expect(await migrate(db, [FIRST], APP, clock)).toEqual([]);
  await migrate(db, [FIRST, SECOND, step(3, 'DROP TABLE a')], APP, clock);
  await expect(migrate(db, [FIRST, SECOND], APP, clock)).rejects.toMatchObject({
    code: 'schema-newer',
    exitCode: 78,
  });
});

test.each(['nightshift', 'watchdog'])('the migrations of %s are numbered without gaps', (name) => {
  const migrations = loadMigrations(name);
  expect(migrations.map((it) => it.number)).toEqual(migrations.map((_, index) => index + 1));
  expect(migrations.every((it) => it.minReader >= 1 && it.minReader <= it.number)).toBe(true);
});
