import { existsSync, writeFileSync } from 'node:fs';
import { spawnNode } from '@nightshift/support';
import { expect, test } from 'vitest';
import { claimedJob, openSite } from '../test/site.ts';
import { halt } from './halt.ts';
import { readHalt } from './halt-state.ts';
import { resume } from './resume.ts';

const REASON = { reason: 'the bill looks wrong', now: true };

test('a halt is in the file and in the row, and resume clears both', async () => {
  const { installation } = await openSite();
  const result = await halt(installation, REASON);
  expect(result).toMatchObject({ file: installation.paths.stopFile, row: true, failed: [] });
  expect(await readHalt(installation)).toMatchObject({
    halted: true,
    byFile: true,
    byRow: true,
    reason: REASON.reason,
    who: 'person:ada',
  });
  const { before } = await resume(installation);
  expect(before.halted).toBe(true);
  expect(await readHalt(installation)).toMatchObject({
    halted: false,
    byFile: false,
    byRow: false,
  });
});

test('the file halts when another process keeps the database locked', async () => {
  const { installation } = await openSite();
  await lock(installation.paths.database);
  const result = await halt(installation, REASON);
  expect(result.file).toBe(installation.paths.stopFile);
  expect(result.row).toBe(false);
  expect(result.failed).toEqual([{ what: 'row', message: expect.stringContaining('locked') }]);
  expect(existsSync(installation.paths.stopFile)).toBe(true);
});

test('the file halts when the database is damaged', async () => {
  const { installation } = await openSite();
  writeFileSync(installation.paths.database, 'this is no database, and it is long enough to see');
  const result = await halt(installation, REASON);
  expect(result).toMatchObject({ file: installation.paths.stopFile, row: false, inFlight: null });
  expect((await readHalt(installation)).halted).toBe(true);
});

test('a halt works with a configuration that cannot be read', async () => {
  const { installation } = await openSite('export default {');
  const result = await halt(installation, { ...REASON, now: false });
  expect(result).toMatchObject({ row: true, failed: [] });
});

test('a halt waits for what is in flight, at most the drain time', async () => {
  const { installation, clock } = await openSite();
  const fence = await claimedJob(installation, 'slow');
  const seen: number[] = [];
  const result = await halt(installation, {
    reason: 'x',
    now: false,
    onWaiting: (left, leftMs) => void seen.push(left.jobs.length, leftMs),
    sleeper: { sleep: async (ms) => clock.advance(ms), wake: () => undefined },
  });
  expect(seen[0]).toBe(1);
  expect(seen[1]).toBe(20_000);
  expect(clock.monotonic()).toBe(20_000);
  expect(result.inFlight?.jobs).toEqual([{ id: fence.job, agent: 'digest' }]);
});

test('a resume that cannot clear the row leaves the file, and so the halt, in place', async () => {
  const { installation } = await openSite();
  await halt(installation, REASON);
  await lock(installation.paths.database);
  await expect(resume(installation)).rejects.toMatchObject({ code: 'resume-failed', exitCode: 75 });
  expect(existsSync(installation.paths.stopFile)).toBe(true);
});

/**
 * Another process that took the write lock and does not give it back. It must be another process:
 * locks of the same one do not stop it.
 */
async function lock(file: string): Promise<void> {
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(process.argv[1]);
    db.exec('BEGIN IMMEDIATE');
    console.log('locked');
    setInterval(() => db.isOpen, 1000);`;
  await spawnNode(['-e', script, file]).prints('locked');
}
