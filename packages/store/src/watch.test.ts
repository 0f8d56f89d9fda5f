import { existsSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Delivery, Incident, Kill, WatchStore } from '@nightshift/domain';
import { manualClock, onCleanup, tempDir } from '@nightshift/support';
import { openWatchStore, readWatchStore, writeWatchStore } from './watch.ts';

const clock = manualClock('2026-03-01T00:00:00Z');

const INCIDENT: Incident = {
  id: 'incident-1',
  key: 'service-silent:worker',
  rule: 'service-silent',
  severity: 'page',
  state: 'open',
  title: 'worker is silent',
  detail: 'no beat for 20 s',
  badTicks: 3,
  goodTicks: 0,
  firstSeenAt: 100,
  openedAt: 106,
  resolvedAt: null,
  remindAt: 900,
  ackedUntil: null,
  ackedBy: null,
};

const DELIVERY: Delivery = {
  id: 'delivery-1',
  incident: INCIDENT.id,
  channel: 'ntfy',
  kind: 'open',
  message: {
    title: 'worker is silent',
    body: 'no beat for 20 s',
    severity: 'page',
    resolved: false,
    ref: INCIDENT.id,
    runbook: 'service-silent',
  },
  state: 'queued',
  tries: 0,
  nextTryAt: clock.now(),
  receipt: null,
  lastError: null,
  createdAt: 106,
  deliveredAt: null,
};

const KILL: Kill = {
  id: 'kill-1',
  instance: 'worker-1',
  service: 'worker',
  pid: 4_000_000,
  reason: 'wedged',
  state: 'intended',
  intendedAt: 100,
  termAt: null,
  killAt: null,
  deadAt: null,
  recoveredAt: null,
};

async function opened(stateDir = tempDir('watch')): Promise<WatchStore> {
  const { store, movedAside } = await openWatchStore({ stateDir, clock });
  onCleanup(() => store.close());
  expect(movedAside).toBeNull();
  return store;
}

describe('incidents', () => {
  test('come back as they were written, with their messages and values', async () => {
    const store = await opened();
    await store.apply([INCIDENT], [DELIVERY], { 'dead-since': '7' });
    expect(await store.openIncidents()).toEqual([INCIDENT]);
    expect(await store.incident(INCIDENT.id)).toEqual(INCIDENT);
    expect(await store.incident('none')).toBeNull();
    expect(await store.deliveriesOf(INCIDENT.id)).toEqual([DELIVERY]);
    expect(await store.pending()).toBe(1);
    expect(await store.recall('dead-since')).toBe('7');
  });

  test('are updated by id, and resolved is the end', async () => {
    const store = await opened();
    await store.apply([INCIDENT], []);
    const resolved: Incident = { ...INCIDENT, state: 'resolved', goodTicks: 3, resolvedAt: 200 };
    await store.apply([resolved], []);
    expect(await store.openIncidents()).toEqual([]);
    expect(await store.incidents(9)).toEqual([resolved]);
    const again = store.apply([INCIDENT], [DELIVERY]);
    await expect(again).rejects.toMatchObject({ code: 'incident-moved-on', retryable: true });
    expect(await store.incidents(9)).toEqual([resolved]);
    const next = { ...INCIDENT, id: 'incident-2', firstSeenAt: 300 };
    await store.apply([next], []);
    expect(await store.incidents(9)).toEqual([next, resolved]);
    expect(await store.incidents(1)).toEqual([next]);
  });

  test('one trouble is open once: the second writes nothing, not even its messages', async () => {
    const store = await opened();
    await store.apply([INCIDENT], []);
    const other = { ...INCIDENT, id: 'incident-2', key: 'queue-lag:all' };
    const twin = { ...INCIDENT, id: 'incident-3' };
    const both = store.apply([other, twin], [DELIVERY], { name: 'value' });
    await expect(both).rejects.toMatchObject({ code: 'incident-moved-on' });
    expect(await store.openIncidents()).toEqual([INCIDENT]);
    expect(await store.pending()).toBe(0);
    expect(await store.recall('name')).toBeNull();
  });

  test('a message that is there already takes its incident back with it', async () => {
    const store = await opened();
    await store.apply([INCIDENT], [DELIVERY]);
    const moved = store.apply([{ ...INCIDENT, badTicks: 9 }], [DELIVERY]);
    await expect(moved).rejects.toMatchObject({ code: 'store-invariant' });
    expect(await store.openIncidents()).toEqual([INCIDENT]);
  });
});

describe('deliveries', () => {
  test('are due by their time, oldest first, until they arrived or were given up', async () => {
    const store = await opened();
    const now = clock.now();
    const make = (id: string, over: Partial<Delivery>): Delivery => ({ ...DELIVERY, id, ...over });
    const late = make('late', { nextTryAt: now - 5, state: 'sending' });
    const later = make('later', { nextTryAt: now });
    const done = make('done', { state: 'delivered', deliveredAt: 1 });
    const ended = [
      done,
      make('failed', { state: 'failed' }),
      make('dropped', { state: 'dropped' }),
    ];
    const future = make('future', { nextTryAt: now + 1 });
    await store.apply([], [later, future, late, ...ended]);
    expect(await store.due(9)).toEqual([late, later]);
    expect(await store.due(1)).toEqual([late]);
    expect(await store.pending()).toBe(3);
  });

  test('are changed by whoever saw them as they are', async () => {
    const store = await opened();
    await store.apply([INCIDENT], [DELIVERY]);
    const sending: Delivery = { ...DELIVERY, state: 'sending', tries: 1, nextTryAt: 9 };
    expect(await store.updateDelivery(DELIVERY, sending)).toBe(true);
    expect(await store.updateDelivery(DELIVERY, sending)).toBe(false);
    const arrived: Delivery = { ...sending, state: 'delivered', receipt: 'r', deliveredAt: 9 };
    expect(await store.updateDelivery({ ...sending, tries: 0 }, arrived)).toBe(false);
    expect(await store.updateDelivery(sending, arrived)).toBe(true);
    expect(await store.deliveriesOf(INCIDENT.id)).toEqual([arrived]);
  });
});

describe('kills and memory', () => {
  test('a kill is active until its end, and does not begin again', async () => {
    const store = await opened();
    await store.saveKill(KILL);
    for (const state of ['term', 'kill', 'dead'] as const) {
      await store.saveKill({ ...KILL, state, termAt: 101 });
      expect(await store.activeKill('worker')).toEqual({ ...KILL, state, termAt: 101 });
    }
    expect(await store.activeKill('scheduler')).toBeNull();
    const recovered: Kill = { ...KILL, state: 'recovered', recoveredAt: 120 };
    await store.saveKill(recovered);
    expect(await store.activeKill('worker')).toBeNull();
    await expect(store.saveKill(KILL)).rejects.toMatchObject({ code: 'kill-moved-on' });
    await store.saveKill({ ...KILL, id: 'kill-2', intendedAt: 300 });
    expect((await store.killsSince(100)).map((it) => it.id)).toEqual(['kill-1', 'kill-2']);
    expect((await store.killsSince(101)).map((it) => it.id)).toEqual(['kill-2']);
  });

  test('a value is kept over a restart, the newest one', async () => {
    const stateDir = tempDir('watch');
    const store = await opened(stateDir);
    await store.remember('settings', 'one');
    await store.remember('settings', 'two');
    store.close();
    expect(await (await opened(stateDir)).recall('settings')).toBe('two');
  });
});

describe('a damaged file', () => {
  test.each([
    ['is no database', (file: string) => writeFileSync(file, 'not a database, but long enough')],
    ['lost its end', (file: string) => truncateSync(file, statSync(file).size - 4_096 * 3)],
  ])('that %s is moved aside, whole, and a new one begun', async (_, damage) => {
    const stateDir = tempDir('watch');
    const file = join(stateDir, 'watchdog.db');
    const before = await opened(stateDir);
    await before.apply([INCIDENT], [DELIVERY]);
    before.close();
    damage(file);
    const { store, movedAside } = await openWatchStore({ stateDir, clock });
    onCleanup(() => store.close());
    expect(movedAside).toBe(`${file}.corrupt-2026-03-01T00-00-00-000Z`);
    expect(existsSync(movedAside!)).toBe(true);
    expect(await store.openIncidents()).toEqual([]);
    await store.apply([INCIDENT], []);
    store.close();
    expect(await (await opened(stateDir)).openIncidents()).toEqual([INCIDENT]);
  });
});

describe('a command that only reads', () => {
  test('finds nothing where no watchdog ran, and makes nothing', async () => {
    const stateDir = tempDir('watch');
    expect(await readWatchStore({ stateDir, clock })).toBeNull();
    expect(readdirSync(stateDir)).toEqual([]);
  });

  test('sees what the running watchdog wrote', async () => {
    const stateDir = tempDir('watch');
    const store = await opened(stateDir);
    await store.apply([INCIDENT], [DELIVERY]);
    const reader = (await readWatchStore({ stateDir, clock }))!;
    onCleanup(() => reader.close());
    expect(await reader.openIncidents()).toEqual([INCIDENT]);
    await expect((reader as WatchStore).remember('a', 'b')).rejects.toMatchObject({
      code: 'database-read-only',
    });
  });
});

test('an acknowledgement outlives a tick that read the incident before it, until it gets worse', async () => {
  const stateDir = tempDir();
  const clock = manualClock();
  const { store } = await openWatchStore({ stateDir, clock });
  onCleanup(() => store.close());
  const seen: Incident = { ...INCIDENT, severity: 'warn' };
  await store.apply([seen], []);
  const writer = await writeWatchStore({ stateDir, clock });
  onCleanup(() => writer?.close());
  expect(await writer?.ack(seen.id, 99, 'ada')).toBe(true);
  await store.apply([{ ...seen, goodTicks: 1 }], []);
  expect(await store.incident(seen.id)).toMatchObject({ ackedUntil: 99, ackedBy: 'ada' });
  await store.apply([{ ...seen, severity: 'page' }], []);
  expect(await store.incident(seen.id)).toMatchObject({ ackedUntil: null, ackedBy: null });
  await store.apply([{ ...seen, state: 'resolved', severity: 'page' }], []);
  expect(await writer?.ack(seen.id, 99, 'ada')).toBe(false);
});
