import { describe, expect, test } from 'vitest';
import { slotKey, type Incident, type Message, type ServiceName } from '@nightshift/domain';
import { openWatchStore } from '@nightshift/store';
import { migrateDatabases } from './migrate.ts';
import { readNights } from './nights.ts';
import { openSite, type Site } from '../test/site.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SERVICES: readonly ServiceName[] = ['scheduler', 'worker', 'watchdog'];
const PROCESS = { pid: 7, startTicks: 70, bootId: 'boot', pidNamespace: 'ns' };
const BEAT = { progressSeq: 1, phase: 'idle', inflightKind: null, inflightDeadline: null } as const;
const SILENT_MS = 20_000;

/** An installation whose services came up before midnight and beat each hour. */
async function night(): Promise<Site & { live(hours: number): Promise<void> }> {
  const site = await openSite();
  await migrateDatabases(site.installation);
  const store = await site.installation.store();
  const { store: watch } = await openWatchStore({
    stateDir: site.installation.paths.dir,
    clock: site.clock,
  });
  watch.close();
  await store.ledger.setBudgets(
    [{ scope: 'global', window: 'day', capNusd: 1_000_000_000 }],
    1,
    'UTC',
  );
  for (const service of SERVICES) await start(site, service, service);
  return Object.assign(site, {
    async live(hours: number) {
      site.clock.advance(hours * HOUR);
      for (const id of SERVICES) await store.instances.beat(id, { ...BEAT, loopSeq: 1 });
    },
  });
}

async function start(site: Site, service: ServiceName, id: string): Promise<void> {
  const { instances } = await site.installation.store();
  const life = { id, service, process: PROCESS, version: '1', configHash: 'c' };
  await instances.register(life);
}

/** A slot of now, whose job ends as `how`. */
async function slot(site: Site, how: 'done' | 'dead' | null): Promise<void> {
  const store = await site.installation.store();
  const at = site.clock.now();
  await store.slots.declare(
    [{ agent: 'digest', cron: '0 6 * * *', everyMs: null, timezone: 'UTC' }],
    at - 1,
  );
  const job = { key: slotKey('digest', at), input: {}, maxAttempts: 1, priority: 0 };
  await store.slots.advance('digest', at - 1, at, [{ kind: 'enqueue', at, ...job }]);
  if (how === null) return;
  const [queued] = await store.jobs.list({ agent: 'digest', limit: 1 });
  const claim = await store.jobs.claim({
    job: queued!.id,
    instance: 'worker',
    leaseUntil: at + HOUR,
    maxRunningOfAgent: 1,
    source: null,
  });
  const error = { code: 'failed', message: 'it failed' };
  await store.jobs.settle(
    claim!.fence,
    how === 'done' ? { kind: 'done' } : { kind: 'dead', error },
  );
}

async function alert(site: Site, over: Partial<Incident>, reached: boolean): Promise<void> {
  const { installation, clock } = site;
  const { store: watch } = await openWatchStore({ stateDir: installation.paths.dir, clock });
  const at = clock.now();
  const message = { title: 't', body: 'b', severity: 'page' } as Message;
  await watch.apply(
    [{ ...INCIDENT, firstSeenAt: at, openedAt: at, ...over }],
    [
      {
        id: 'd',
        incident: 'i',
        channel: 'ntfy',
        kind: 'open',
        message,
        state: reached ? 'delivered' : 'failed',
        tries: 1,
        nextTryAt: at,
        receipt: reached ? 'r-1' : null,
        lastError: null,
        createdAt: at,
        deliveredAt: reached ? at : null,
      },
    ],
  );
  watch.close();
}

const INCIDENT: Incident = {
  id: 'i',
  key: 'queue-lag',
  rule: 'queue-lag',
  severity: 'warn',
  state: 'open',
  title: 'The queue lags',
  detail: '',
  badTicks: 3,
  goodTicks: 0,
  firstSeenAt: 0,
  openedAt: 0,
  resolvedAt: null,
  remindAt: null,
  ackedUntil: null,
  ackedBy: null,
};

async function reasons(site: Site): Promise<readonly string[]> {
  const { days } = await readNights(site.installation, { days: 1 });
  return days[0]!.reasons;
}

test('a day on which everything was done, and nobody was there, passes; today is not judged', async () => {
  const site = await night();
  await site.live(18);
  await slot(site, 'done');
  const { audit } = await site.installation.store();
  await audit.record({ kind: 'person', name: 'night' }, 'drill.begin', 'd', { drill: 'alert' });
  await site.live(20);
  const nights = await readNights(site.installation, { days: 1 });
  expect(nights.days[0]!.reasons).toEqual([]);
  expect(nights).toMatchObject({ ok: true, consecutive: 1, timezone: 'UTC' });
  expect(nights.days.map((it) => [it.day, it.whole, it.ok])).toEqual([
    ['2026-11-23', true, true],
    ['2026-11-24', false, false],
  ]);
  expect(nights.days[0]).toMatchObject({
    slots: { due: 1, done: 1, skipped: 0, failed: 0, open: 0 },
    spend: [{ scope: 'global', spentNusd: 0, capNusd: 1_000_000_000 }],
    restarts: [],
    orders: [],
  });
});

test('days before the installation do not count towards the ones that were asked for', async () => {
  const site = await night();
  await site.live(38);
  const nights = await readNights(site.installation, { days: 2 });
  expect(nights).toMatchObject({ ok: false, consecutive: 1 });
  expect(nights.days[0]!.reasons).toContain(
    'worker was silent for 43200 s from 2026-11-22T00:00:00.000Z',
  );
});

describe('a day does not pass', () => {
  test('when a job of a slot died, or did not end', async () => {
    const site = await night();
    await site.live(18);
    await slot(site, 'dead');
    site.clock.advance(1);
    await slot(site, null);
    await site.live(20);
    expect(await reasons(site)).toEqual([
      '1 slot with a job that did not end as done',
      '1 slot with a job that has not ended',
      expect.stringMatching(/^job .* of digest died$/),
    ]);
  });

  test('when a service was silent for longer than a replacement takes', async () => {
    const site = await night();
    const { instances } = await site.installation.store();
    await site.live(18);
    site.clock.advance(80_000);
    await instances.beat('worker', { ...BEAT, loopSeq: 2 }, SILENT_MS);
    await site.live(20);
    expect(await reasons(site)).toEqual([
      expect.stringMatching(/^worker was silent for 80 s from/),
    ]);
  });

  test('when nobody was told of an alert, or a page was left open', async () => {
    const site = await night();
    await site.live(18);
    await alert(site, { severity: 'page' }, false);
    await site.live(20);
    expect(await reasons(site)).toEqual([
      'alert queue-lag reached nobody',
      'alert queue-lag was left open',
    ]);
  });

  test('when a person gave an order, or acknowledged an alert', async () => {
    const site = await night();
    await site.live(18);
    const { control } = await site.installation.store();
    await control.pauseAgent('digest', site.installation.actor);
    await alert(site, { ackedBy: 'person:ada', ackedUntil: site.clock.now() }, true);
    await site.live(20);
    expect(await reasons(site)).toEqual([
      'person:ada gave an order: agent.pause digest',
      'person:ada gave an order: alert.ack i',
    ]);
  });
});

test('a restart in time is counted and no fault, and says whether the life before it crashed', async () => {
  const site = await night();
  await site.live(18);
  await start(site, 'worker', 'worker-2');
  const { instances } = await site.installation.store();
  await site.live(20);
  await instances.beat('worker-2', { ...BEAT, loopSeq: 9 });
  const [day] = (await readNights(site.installation, { days: 1 })).days;
  expect(day!.restarts).toEqual([{ service: 'worker', count: 1, crashed: 1 }]);
  expect(day!.ok).toBe(true);
});

test('a day is held against the caps of that day, not of today', async () => {
  const site = await night();
  await site.live(38);
  const { ledger } = await site.installation.store();
  await ledger.setBudgets([{ scope: 'global', window: 'day', capNusd: 5 }], 2, 'UTC');
  const { days } = await readNights(site.installation, { days: 1 });
  expect(days.map((it) => it.spend[0]!.capNusd)).toEqual([1_000_000_000, 1_000_000_000]);
});

test('reading writes nothing, and works without a configuration', async () => {
  const site = await night();
  await site.live(38);
  const store = await site.installation.store();
  const before = await store.events.since(0, 1_000);
  await readNights(site.installation, { days: 7 });
  expect(await store.events.since(0, 1_000)).toEqual(before);
});

test('a week has seven days, also over the change of the clocks', async () => {
  const site = await night();
  site.clock.advance(120 * DAY);
  const store = await site.installation.store();
  await store.ledger.setBudgets([], 2, 'Europe/Berlin');
  site.clock.stepTo(Date.parse('2027-03-30T10:00:00Z'));
  const { days } = await readNights(site.installation, { days: 7 });
  expect(days.map((it) => (it.untilAt - it.fromAt) / HOUR)).toEqual([
    24, 24, 24, 24, 24, 23, 24, 24,
  ]);
});
