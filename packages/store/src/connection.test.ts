import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onCleanup, tempDir, waitUntil } from '@nightshift/support';
import { describe, expect, test } from 'vitest';
import { Connection } from './connection.ts';

const file = (): string => {
  const path = join(tempDir('connection'), 'x.db');
  writeFileSync(path, '');
  return path;
};

async function connect(path: string, busyTotalMs = 10_000): Promise<Connection> {
  const db = new Connection({ file: path, busyTotalMs });
  onCleanup(() => db.close());
  await db.configure();
  return db;
}

/** Two connections to one file with a table, the second holding the write lock. */
async function locked(busyTotalMs: number): Promise<{ db: Connection; holder: Connection }> {
  const path = file();
  const db = await connect(path, busyTotalMs);
  db.exec('CREATE TABLE t (x INTEGER) STRICT');
  const holder = await connect(path);
  holder.exec('BEGIN IMMEDIATE');
  return { db, holder };
}

const insert = (db: Connection, x: number) => (): number =>
  db.run('INSERT INTO t (x) VALUES (?)', [x]);
const rows = (db: Connection): number[] =>
  db.all<{ x: number }>('SELECT x FROM t ORDER BY rowid').map((it) => it.x);

describe('write', () => {
  test('is all or nothing', async () => {
    const db = await connect(file());
    db.exec('CREATE TABLE t (x INTEGER) STRICT');
    const failing = db.write(() => {
      insert(db, 1)();
      throw new Error('half way');
    });
    await expect(failing).rejects.toThrow('half way');
    expect(rows(db)).toEqual([]);
    await db.write(insert(db, 2));
    expect(rows(db)).toEqual([2]);
  });

  test('refuses an asynchronous operation and keeps none of it', async () => {
    const db = await connect(file());
    db.exec('CREATE TABLE t (x INTEGER) STRICT');
    const waiting = db.write(async () => {
      insert(db, 1)();
      await Promise.resolve();
    });
    await expect(waiting).rejects.toThrow('cannot wait for a promise');
    expect(rows(db)).toEqual([]);
  });

  test('shares one commit with others that wait at the same time', async () => {
    const db = await connect(file());
    db.exec('CREATE TABLE t (x INTEGER) STRICT');
    const pages = (): number => db.one<{ log: number }>('PRAGMA wal_checkpoint(NOOP)')!.log;
    const before = pages();
    await Promise.all([1, 2, 3, 4, 5].map((x) => db.write(insert(db, x))));
    expect(pages() - before).toBe(1);
    for (const x of [6, 7, 8]) await db.write(insert(db, x));
    expect(pages() - before).toBe(4);
    expect(rows(db)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('fails alone: what waited with it is kept, once', async () => {
    const db = await connect(file());
    db.exec('CREATE TABLE t (x INTEGER CHECK (x <> 3)) STRICT');
    const writes = [1, 2, 3, 4].map((x) => db.write(insert(db, x)));
    const late = db.write(() => {
      insert(db, 5)();
      throw new Error('half way');
    });
    expect((await Promise.allSettled([...writes, late])).map((it) => it.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ]);
    await expect(writes[2]).rejects.toMatchObject({ code: 'store-invariant' });
    await expect(late).rejects.toThrow('half way');
    expect(rows(db)).toEqual([1, 2, 4]);
  });

  test('waits for the lock without stopping the event loop, in order', async () => {
    const { db, holder } = await locked(10_000);
    const writes = Promise.all([1, 2, 3].map((x) => db.write(insert(db, x))));
    let turns = 0;
    await waitUntil(() => turns++ > 3, { what: 'the event loop to turn' });
    expect(rows(db)).toEqual([]);
    holder.exec('COMMIT');
    await writes;
    expect(rows(db)).toEqual([1, 2, 3]);
  });

  test('gives up after its total wait, for all that wait, and works again afterwards', async () => {
    const { db, holder } = await locked(150);
    const busy = { code: 'database-busy', retryable: true, exitCode: 75 };
    const writes = [1, 2, 3].map((x) => db.write(insert(db, x)));
    for (const result of await Promise.allSettled(writes)) {
      expect(result).toMatchObject({ status: 'rejected', reason: busy });
    }
    holder.exec('COMMIT');
    await db.write(insert(db, 4));
    expect(rows(db)).toEqual([4]);
  });

  test('on a full disk leaves nothing half done, and goes on when there is space again', async () => {
    const db = await connect(file());
    db.exec('CREATE TABLE t (x INTEGER) STRICT; CREATE TABLE blobs (b BLOB) STRICT');
    db.pragma('max_page_count = 8');
    const fill = (): void => {
      insert(db, 1)();
      db.run('INSERT INTO blobs (b) VALUES (zeroblob(100000))');
    };
    const full = { code: 'disk-full', retryable: true, exitCode: 75 };
    await expect(db.write(fill)).rejects.toMatchObject(full);
    expect(rows(db)).toEqual([]);
    db.pragma('max_page_count = 1000');
    await db.write(fill);
    expect(rows(db)).toEqual([1]);
  });

  test('a change that the schema forbids is a bug with a name', async () => {
    const db = await connect(file());
    db.exec('CREATE TABLE t (x INTEGER CHECK (x > 0)) STRICT');
    await expect(db.write(insert(db, 0))).rejects.toMatchObject({
      code: 'store-invariant',
      retryable: false,
    });
  });

  test('writes the log back between writes, so that it never gets long', async () => {
    const path = file();
    const db = await connect(path);
    const other = await connect(path);
    db.exec('CREATE TABLE blobs (b BLOB) STRICT');
    const log = (): { log: number; checkpointed: number } =>
      other.one('PRAGMA wal_checkpoint(NOOP)')!;
    const pages = (): number => db.run('INSERT INTO blobs (b) VALUES (zeroblob(100000))');
    for (let n = 0; n < 500; n++) await db.write(pages);
    expect(log().log).toBeLessThan(9_000);
    for (let n = 0; n < 200; n++) await db.write(pages);
    await waitUntil(() => log().log - log().checkpointed < 4_000, { what: 'a log written back' });
    expect(log().log).toBeLessThan(9_000);
  });

  test('after close says that the database was closed', async () => {
    const db = await connect(file());
    const late = db.write(() => undefined);
    db.close();
    db.close();
    await expect(late).rejects.toMatchObject({ code: 'store-closed' });
    await expect(db.read(() => 1)).rejects.toMatchObject({ code: 'store-closed' });
  });
});

test('a read sees one moment, and is not stopped by a writer', async () => {
  const { db, holder } = await locked(100);
  insert(holder, 1)();
  expect(await db.read(() => rows(db))).toEqual([]);
  holder.exec('COMMIT');
  const seen = await db.read(() => {
    const before = rows(db);
    insert(holder, 2)();
    return [before, rows(db)];
  });
  expect(seen).toEqual([[1], [1]]);
  expect(rows(db)).toEqual([1, 2]);
});

test('bytes go in as bytes and come out as bytes', async () => {
  const db = await connect(file());
  db.exec('CREATE TABLE b (x BLOB) STRICT');
  const bytes = new Uint8Array([0, 255, 7]).subarray(1);
  await db.write(() => db.run('INSERT INTO b (x) VALUES (?)', [bytes]));
  const row = db.one<{ x: Uint8Array }>('SELECT x FROM b');
  expect([...row!.x]).toEqual([255, 7]);
});
