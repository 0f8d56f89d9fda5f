import { DRILLS, type DrillName } from '@nightshift/domain';
import { createDrillStore, type Store } from '@nightshift/store';
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
  test.each(['cap', 'breaker', 'dead-letter', 'kill-switch'] as const)(
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
        { name, outcome: 'passed', by: 'ada' },
      ]);
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

  test('a halt of somebody else', async () => {
    await halt(site.installation, { reason: 'maintenance', now: true });
    await expect(drill('cap')).rejects.toMatchObject({ code: 'halted', exitCode: 69 });
    expect((await readHalt(site.installation)).reason).toBe('maintenance');
  });
});
