import { closeSync, fstatSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DRILLS, type DrillName } from '@nightshift/domain';
import { startNtfy, startWeb } from '@nightshift/fakes';
import { createDrillStore, type Store } from '@nightshift/store';
import { onCleanup, tempDir } from '@nightshift/support';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Site, claimedJob, openSite } from '../test/site.ts';
import { halt } from './halt.ts';
import { readHalt } from './halt-state.ts';
import type { Installation } from './installation.ts';
import { DRILL_ORDER, runDrill } from './run-drill.ts';

const CONFIG = `export default { timezone: 'UTC', budget: { perDay: '$1.00' },
  agents: { digest: { entry: './agent.ts', schedule: '0 6 * * *', attempts: 2 } } };`;

let site: Site;

beforeEach(async () => {
  site = await openSite(CONFIG);
});

const drill = (name: DrillName, installation: Installation = site.installation) =>
  runDrill(installation, { name, waitMs: 0 });

/** Overwrites every page of a database but the first. */
function damage(file: string): void {
  const fd = openSync(file, 'r+');
  const bytes = fstatSync(fd).size - PAGE_BYTES;
  writeSync(fd, Buffer.alloc(bytes, 0x5a), 0, bytes, PAGE_BYTES);
  closeSync(fd);
}

const PAGE_BYTES = 4_096;

/** The same installation over a store one part of which does not do what it should. */
async function broken<Part extends keyof Store>(
  part: Part,
  over: (real: Store[Part]) => Partial<Store[Part]>,
): Promise<Installation> {
  const store = await site.installation.store();
  const real = store[part];
  // In place: what stands behind a store is known by the object itself.
  Object.assign(store, { [part]: Object.assign({}, real, over(real)) });
  return site.installation;
}

test('every drill there is has a place in the order', () => {
  expect(new Set(DRILL_ORDER.map((it) => it.name))).toEqual(new Set(DRILLS));
});

describe('without any service', () => {
  test.each(['cap', 'breaker', 'dead-letter', 'backup', 'kill-switch'] as const)(
    '%s passes, keeps its evidence and leaves nothing behind',
    async (name) => {
      const before = await (await site.installation.store()).ledger.windows();
      const result = await drill(name);
      expect(result).toMatchObject({ outcome: 'passed', reason: null });
      expect(result.notes.length).toBeGreaterThan(0);
      const store = await site.installation.store();
      expect(await store.jobs.counts()).toEqual({ queued: 0, waiting: 0, running: 0, dead: 0 });
      expect(await store.ledger.windows()).toEqual(before);
      expect((await store.breakers.list()).every((it) => it.state === 'closed')).toBe(true);
      expect((await readHalt(site.installation)).halted).toBe(false);
      expect(await store.ledger.verify()).toEqual([]);
      expect(await createDrillStore(store).newest()).toMatchObject([
        { name, outcome: 'passed', by: 'ada', process: { pid: process.pid } },
      ]);
      const { dir } = site.installation.paths;
      expect(readdirSync(dir).filter((it) => it.startsWith('drill-'))).toEqual([]);
    },
  );

  test('alert is skipped without a channel, out-of-band is not possible', async () => {
    expect(await drill('alert')).toMatchObject({ outcome: 'skipped' });
    await expect(drill('out-of-band')).rejects.toMatchObject({
      code: 'drill-impossible',
      exitCode: 75,
    });
  });
});

describe('a safety that is broken fails its drill', () => {
  test('cap: a reserve that admits everything', async () => {
    const lame = await broken('ledger', () => ({
      reserve: async ({ boundNusd }) => ({
        hold: { id: 'h', takenAt: site.clock.now(), boundNusd },
      }),
      sent: async () => true,
      end: async () => true,
    }));
    expect(await drill('cap', lame)).toMatchObject({ outcome: 'failed' });
  });

  test('breaker: one that counts nothing', async () => {
    const lame = await broken('breakers', () => ({ swap: async () => true }));
    const result = await drill('breaker', lame);
    expect(result).toMatchObject({ outcome: 'failed', reason: 'the breaker is closed, not open' });
  });

  test('dead letter: one that is dropped', async () => {
    const lame = await broken('jobs', () => ({ settle: async () => true }));
    expect(await drill('dead-letter', lame)).toMatchObject({ outcome: 'failed' });
  });

  test('kill switch: a claim that does not look', async () => {
    let first: unknown = null;
    const lame = await broken('jobs', (real) => ({
      claim: async (request) => (first ??= await real.claim(request)) as never,
    }));
    const result = await drill('kill-switch', lame);
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: 'a job could be claimed while halted',
    });
    // What it halted is not halted any more.
    expect((await readHalt(site.installation)).halted).toBe(false);
  });
});

describe('a backup that cannot be restored fails its drill', () => {
  test('pages that are damaged', async () => {
    // Not the shared one: this very process has that open.
    damage(join(site.installation.paths.dir, 'watchdog.db'));
    const result = await drill('backup');
    expect(result).toMatchObject({ outcome: 'failed' });
    expect(result.reason).toContain('damaged');
  });

  test('a tar that packs nothing', async () => {
    const bin = tempDir('bin');
    writeFileSync(join(bin, 'tar'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    const path = process.env['PATH'];
    process.env['PATH'] = bin;
    onCleanup(() => void (process.env['PATH'] = path));
    expect(await drill('backup')).toMatchObject({ outcome: 'failed' });
  });

  test('a copy that lacks the newest job', async () => {
    // Accepted, and never written.
    const nobody = { job: { id: 'nobody' }, fence: { job: 'nobody', attempt: 1, token: 't' } };
    const accept = (): Promise<never> => Promise.resolve(nobody as never);
    const lame = await broken('jobs', () => ({ enqueue: accept, claim: accept }));
    const result = await drill('backup', lame);
    expect(result).toMatchObject({ outcome: 'failed' });
    expect(result.reason).toContain('is not in what was restored');
  });
});

describe('a channel that does not deliver fails the drill of alerts', () => {
  const withChannel = (server: string): string =>
    CONFIG.replace(
      'agents:',
      `alerts: { channels: [{ kind: 'ntfy', server: '${server}', topic: 'nights' }] }, agents:`,
    );

  test('one that takes the message passes it', async () => {
    const ntfy = await startNtfy();
    onCleanup(() => ntfy.close());
    site = await openSite(withChannel(ntfy.url));
    const result = await drill('alert');
    expect(result).toMatchObject({ outcome: 'passed' });
    expect(ntfy.messages()).toMatchObject([{ title: expect.stringContaining('Drill') }]);
    expect(result.notes[0]?.note).toContain('receipt');
  });

  test.each([
    ['says no', { status: 500, body: 'no' }],
    ['says yes and has no receipt', { status: 200, body: '<html>welcome</html>' }],
  ])('one that %s', async (_what, answer) => {
    const web = await startWeb({ routes: { '/': answer } });
    onCleanup(() => web.close());
    site = await openSite(withChannel(web.url));
    expect(await drill('alert')).toMatchObject({ outcome: 'failed' });
    expect(web.count('/')).toBeGreaterThan(0);
  });

  test('one where nobody is', async () => {
    const ntfy = await startNtfy();
    await ntfy.close();
    site = await openSite(withChannel(ntfy.url));
    const result = await drill('alert');
    expect(result).toMatchObject({ outcome: 'failed' });
    expect(result.reason).toContain('nothing arrived');
  });
});

describe('real work is not disturbed', () => {
  test('a job that runs', async () => {
    await claimedJob(site.installation, 'real');
    await expect(drill('kill-switch')).rejects.toMatchObject({ code: 'drill-busy', exitCode: 75 });
    expect((await readHalt(site.installation)).halted).toBe(false);
  });

  test('a slot that is near', async () => {
    site.clock.advance(Date.parse('2026-11-23T05:59:00Z') - site.clock.now());
    await expect(drill('kill-switch')).rejects.toMatchObject({ code: 'drill-busy' });
  });

  test('a halt that somebody orders while the kill switch is tried stays', async () => {
    let claims = 0;
    const lame = await broken('jobs', (real) => ({
      claim: async (request) => {
        claims += 1;
        if (claims === 2) await halt(site.installation, { reason: 'mine', now: true });
        return real.claim(request);
      },
    }));
    const result = await drill('kill-switch', lame);
    expect(result).toMatchObject({ outcome: 'skipped' });
    expect(result.reason).toContain('stays halted');
    expect(await readHalt(site.installation)).toMatchObject({ halted: true, reason: 'mine' });
  });

  test('but an agent that starts every half minute is not waited for', async () => {
    site = await openSite(CONFIG.replace("schedule: '0 6 * * *'", "every: '30s'"));
    expect(await drill('kill-switch')).toMatchObject({ outcome: 'passed' });
  });

  test('a halt of somebody else', async () => {
    await halt(site.installation, { reason: 'maintenance', now: true });
    await expect(drill('cap')).rejects.toMatchObject({ code: 'halted', exitCode: 69 });
    expect((await readHalt(site.installation)).reason).toBe('maintenance');
  });
});
