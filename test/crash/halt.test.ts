import { openSync, writeSync, closeSync, existsSync } from 'node:fs';
import path from 'node:path';
import { startWeb } from '@nightshift/fakes';
import {
  onCleanup,
  repoRoot,
  spawnNode,
  spawnProcess,
  nodeBinary,
  waitUntil,
} from '@nightshift/support';
import { describe, expect, test } from 'vitest';
import { QUICK_TIMES, type Site, fixtureAgent, openSite } from '../processes/support/site.ts';

const CLI = path.join(repoRoot, 'packages/cli/src/main.ts');
const LOCK_HOLDER = path.join(repoRoot, 'packages/store/test/fixtures/write-lock-holder.ts');
/** How long nothing may arrive before it counts as nothing: several passes of every loop. */
const SILENCE_MS = 1_500;

const cli = (site: Site, ...words: string[]): string[] => [
  CLI,
  '--config',
  path.join(site.dir, 'nightshift.config.ts'),
  '--state-dir',
  site.stateDir,
  ...words,
];

/** Waits until nothing has arrived for a while. @returns how much had arrived before */
async function silence(count: () => number): Promise<number> {
  const before = count();
  const until = performance.now() + SILENCE_MS;
  await waitUntil(() => performance.now() >= until, { what: 'a while', timeoutMs: 9_000 });
  return before;
}

describe('halt works, and no byte leaves after it has returned,', () => {
  /** A worker whose agent asks for a page again and again. */
  async function restless(): Promise<{ site: Site; count: () => number }> {
    const web = await startWeb({ routes: { '/page': { body: 'x' } } });
    onCleanup(() => web.close());
    const site = await openSite(`{
      timezone: 'UTC', times: ${JSON.stringify(QUICK_TIMES)},
      agents: { a: { entry: ${JSON.stringify(fixtureAgent('restless'))},
        allow: { hosts: ['127.0.0.1:${web.port}'] } } },
    }`);
    site.start('worker');
    await site.enqueue('a', { page: `${web.url}/page` });
    await web.waitForRequests(2, '/page');
    return { site, count: () => web.count('/page') };
  }

  const isStopped = (site: Site): boolean => existsSync(path.join(site.stateDir, 'STOP'));

  test('with the write lock held by a stopped process', async () => {
    const { site, count } = await restless();
    const holder = spawnNode([LOCK_HOLDER, path.join(site.stateDir, 'nightshift.db')]);
    await holder.prints('locked');
    holder.kill('SIGSTOP');
    const halt = spawnNode(cli(site, 'halt', '--reason', 'locked'));
    expect((await halt.exited).code).toBe(0);
    expect(halt.stdout).toContain('the halt row could not be written');
    expect(count()).toBe(await silence(count));
    expect(isStopped(site)).toBe(true);
  });

  test('with a disk that takes not one byte more', async () => {
    const { site, count } = await restless();
    // A limit of no bytes on every file this process writes is a full disk to it.
    const script = `trap '' XFSZ; ulimit -f 0; exec "$0" "$@"`;
    const words = cli(site, 'halt', '--reason', 'full');
    const halt = spawnProcess('/bin/sh', ['-c', script, nodeBinary, ...words]);
    expect(await halt.exited).toEqual({ code: 0, signal: null });
    expect(count()).toBe(await silence(count));
    expect(isStopped(site)).toBe(true);
  });

  test('with a database that is damaged', async () => {
    const { site, count } = await restless();
    const fd = openSync(path.join(site.stateDir, 'nightshift.db'), 'r+');
    writeSync(fd, Buffer.alloc(8_192, 0x5a), 0, 8_192, 0);
    closeSync(fd);
    const halt = spawnNode(cli(site, 'halt', '--reason', 'damaged'));
    expect((await halt.exited).code).toBe(0);
    expect(count()).toBe(await silence(count));
    expect(isStopped(site)).toBe(true);
  });
});
