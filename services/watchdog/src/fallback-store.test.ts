import { NightshiftError, type WatchStore } from '@nightshift/domain';
import { memoryWatchStore, openWatchStore } from '@nightshift/store';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { endedRef, settingsOf, watchScene } from '../test/scene.ts';
import { fallbackStore, type FallbackStore } from './fallback-store.ts';

const quiet = { error: () => undefined, info: () => undefined };

/** A store whose writes fail while `full.now` holds. */
function filling(store: WatchStore, full: { now: boolean }): WatchStore {
  const writes = new Set(['apply', 'updateDelivery', 'remember', 'saveKill']);
  return new Proxy(store, {
    get(target, name) {
      if (name === 'then') return undefined;
      const method = target[name as keyof WatchStore] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (full.now && writes.has(String(name))) {
          return Promise.reject(new NightshiftError('disk-full', 'no space'));
        }
        return method.apply(target, args);
      };
    },
  });
}

async function scene() {
  const it = await watchScene(settingsOf());
  const full = { now: false };
  const stateDir = tempDir('fallback');
  const open = async () =>
    filling((await openWatchStore({ stateDir, clock: it.clock })).store, full);
  const store: FallbackStore = await fallbackStore({
    file: await open(),
    memory: () => memoryWatchStore(it.clock),
    reopen: async () => {
      if (full.now) throw new NightshiftError('disk-full', 'no space');
      return open();
    },
    clock: it.clock,
    log: quiet,
  });
  it.restart({ watch: store, ownTrouble: () => store.finding() });
  const ref = await endedRef();
  await it.register('scheduler', ref);
  const worker = await it.register('worker', ref);
  return { it, store, full, worker };
}

test('a watchdog whose own file is full still tells, from memory, and says so', async () => {
  const { it, store, full, worker } = await scene();
  await it.run(10_000);
  full.now = true;
  worker.beats = false;
  await it.run(40_000);
  expect(store.trouble?.message).toBe('no space');
  expect(new Set(it.titles())).toEqual(
    new Set(["The watchdog's own database failed", 'The worker is silent']),
  );
  expect(it.titles()).toHaveLength(2);
  store.close();
});

test('what was open before is not told again, and what ended meanwhile is known afterwards', async () => {
  const { it, store, full, worker } = await scene();
  await it.run(10_000);
  worker.beats = false;
  await it.run(30_000);
  expect(it.titles()).toEqual(['The worker is silent']);
  full.now = true;
  worker.beats = true;
  await it.run(20_000);
  expect(it.titles()).toContain('Resolved: The worker is silent');
  full.now = false;
  it.clock.advance(30_000);
  await store.tryReturn();
  expect(store.trouble).toBeNull();
  await it.run(20_000);
  expect(it.titles().filter((title) => title?.includes('worker'))).toHaveLength(2);
  const incidents = await store.incidents(10);
  expect(incidents.find((one) => one.rule === 'service-silent')?.state).toBe('resolved');
  store.close();
});

test('a file that cannot be opened at all is no reason not to begin', async () => {
  const it = await watchScene(settingsOf());
  const store = await fallbackStore({
    file: null,
    memory: () => memoryWatchStore(it.clock),
    reopen: () => Promise.reject(new Error('still not')),
    clock: it.clock,
    log: quiet,
  });
  it.restart({ watch: store, ownTrouble: () => store.finding(), facts: async () => null });
  await it.run(10_000);
  expect(it.titles()).toContain('The database cannot be read');
  store.close();
});

test('an error of one statement is of its caller, and no reason to leave the file', async () => {
  const { it, store } = await scene();
  const kill = { id: 'k', instance: 'i', service: 'worker', pid: 1, reason: 'r' } as const;
  const times = { intendedAt: 0, termAt: null, killAt: null, deadAt: null, recoveredAt: null };
  await store.saveKill({ ...kill, ...times, state: 'failed' });
  const again = store.saveKill({ ...kill, ...times, state: 'term' });
  await expect(again).rejects.toMatchObject({ code: 'kill-moved-on' });
  expect(store.trouble).toBeNull();
  expect(it.titles()).toEqual([]);
  store.close();
});
