import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Child, repoRoot, spawnNode, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { makeSite, nightshift } from '../../packages/cli/test/command.ts';

const SLOW = 90_000;

/** Writes as fast as it may, until it is killed. */
function writer(stateDir: string, name: string): Child {
  const script = `
    import { systemClock as clock } from '@nightshift/domain';
    import { openStore } from '@nightshift/store';
    const stateDir = ${JSON.stringify(stateDir)};
    const store = await openStore({ stateDir, clock, mode: 'existing' });
    for (let i = 0; ; i++) {
      const asked = { key: '${name}-' + i, agent: 'digest', input: null, maxAttempts: 1 };
      await store.jobs.enqueue(asked, { kind: 'person', name: '${name}' });
      if (i === 50) console.log('busy');
    }`;
  return spawnNode(['--input-type=module', '-e', script], { cwd: import.meta.dirname });
}

test(
  'a backup of a system under load is whole, in folders with spaces too',
  async () => {
    const { dir } = await makeSite();
    const home = join(dir, 'My Nights');
    const moved = join(home, 'state of mine');
    mkdirSync(home);
    renameSync(join(dir, '.nightshift'), moved);
    const writers = ['a', 'b'].map((name) => writer(moved, name));
    await Promise.all(writers.map((it) => it.prints('busy')));
    const at = ['--state-dir', moved];
    const files = [join(home, 'one.tar.gz'), join(home, 'two.tar.gz')];
    for (const file of files) {
      const { code, stdout } = await nightshift(dir, 'backup', file, ...at);
      expect(code).toBe(0);
      expect(stdout).toContain('read back whole');
    }
    for (const it of writers) it.kill('SIGKILL');
    await Promise.all(writers.map((it) => it.exited));
    for (const file of files) {
      const { code, stdout } = await nightshift(dir, 'restore', file, ...at);
      expect({ code, said: /(\d+) unfinished jobs/.exec(stdout)?.[1] }).toMatchObject({ code: 0 });
      expect(Number(/(\d+) unfinished jobs/.exec(stdout)?.[1])).toBeGreaterThan(100);
      expect((await nightshift(dir, 'spend', 'verify', ...at)).code).toBe(0);
    }
  },
  SLOW,
);

/** The same backup, as a program would have made it that knows a later schema. */
function madeByALaterOne(file: string, dir: string): string {
  const out = tempDir('later');
  const tar = (...args: string[]): void => void spawnSync('tar', args, { stdio: 'inherit' });
  tar('-xzf', file, '-C', out);
  const path = join(out, 'nightshift.db');
  const db = new DatabaseSync(path);
  db.exec(`INSERT INTO migrations VALUES (900, 'later', '', 0, 900)`);
  db.close();
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as {
    databases: { file: string; sha256: string }[];
  };
  const listed = manifest.databases.find((it) => it.file === 'nightshift.db');
  if (listed === undefined) throw new Error('the backup lists no database');
  listed.sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest));
  const later = join(dir, 'later.tar.gz');
  tar('-czf', later, '-C', out, ...readdirSync(out).filter((it) => !/-(?:wal|shm)$/.test(it)));
  return later;
}

test(
  'a backup of a newer version is refused with a sentence, and nothing is changed',
  async () => {
    const { dir, installation } = await makeSite();
    await installation.close();
    const file = join(dir, 'b.tar.gz');
    expect((await nightshift(dir, 'backup', file)).code).toBe(0);
    const later = madeByALaterOne(file, dir);
    const before = readdirSync(join(dir, '.nightshift')).toSorted();
    const { code, json } = await nightshift(dir, 'restore', later, '--json');
    expect(code).toBe(78);
    expect(json()).toMatchObject({ error: { code: 'schema-newer' } });
    expect(readdirSync(join(dir, '.nightshift')).toSorted()).toEqual(before);
    expect((await nightshift(dir, 'restore', file)).code).toBe(0);
  },
  SLOW,
);

test(
  'a backup that finds no room says so, and leaves no half of one',
  async () => {
    const { dir } = await makeSite();
    const command = join(repoRoot, 'packages/cli/src/main.ts');
    // As on a full disk, no file may grow beyond a few kilobytes.
    const line = `ulimit -f 8; exec '${process.execPath}' '${command}' backup full.tar.gz --json`;
    const ran = spawnSync('sh', ['-c', line], { cwd: dir, encoding: 'utf8' });
    expect(ran.status).toBeGreaterThan(0);
    expect(JSON.parse(ran.stdout)).toHaveProperty('error.fix');
    expect(readdirSync(dir).filter((it) => /backup|tar/.test(it))).toEqual([]);
    expect((await nightshift(dir, 'spend', 'verify')).code).toBe(0);
  },
  SLOW,
);
