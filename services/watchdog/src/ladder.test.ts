import { dying, isAlive } from '@nightshift/support';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  gone,
  refOf,
  startFixture,
  watchScene,
  type TestLife,
  type WatchScene,
} from '../test/scene.ts';

/** Wedge to dead, at the default times. */
const BOUND_MS = 45_000;

let it: WatchScene;
let scheduler: TestLife;

beforeEach(async () => {
  it = await watchScene();
  scheduler = await it.register('scheduler', refOf((await startFixture('obedient')).pid));
});

/** A worker that was healthy for a while and then fell silent. */
async function wedgedWorker(fixture: 'stubborn' | 'obedient'): Promise<TestLife> {
  const child = await startFixture(fixture);
  const worker = await it.register('worker', refOf(child.pid));
  await it.run(10_000);
  worker.beats = false;
  return worker;
}

/** Has the last kill's process been sent it? By the next look it may be dead already. */
const sent = (signal: string) => async (): Promise<boolean> =>
  it.signals.includes(`${signal} ${(await it.lastKill())?.pid}`);
const stateIs = (state: string) => async () => (await it.lastKill())?.state === state;

describe('a wedged worker', () => {
  test('that ignores SIGTERM is killed within the bound, told once, and seen to come back', async () => {
    const worker = await wedgedWorker('stubborn');
    const toKill = await it.until('a SIGKILL', BOUND_MS, sent('SIGKILL'));
    await gone(worker.ref);
    const toDead = toKill + (await it.until('its death', BOUND_MS - toKill, stateIs('dead')));
    expect(toDead).toBeLessThanOrEqual(BOUND_MS);
    expect(it.signals).toEqual([`SIGTERM ${worker.ref.pid}`, `SIGKILL ${worker.ref.pid}`]);

    await it.register('worker', refOf((await startFixture('stubborn')).pid));
    await it.until('its successor', 30_000, stateIs('recovered'));
    await it.run(20_000);
    expect(it.titles()).toEqual(['The worker is silent', 'Resolved: The worker is silent']);
    expect(await it.lastKill()).toMatchObject({ instance: worker.id, pid: worker.ref.pid });
  });

  test('that SIGTERM ends is not sent a SIGKILL', async () => {
    const worker = await wedgedWorker('obedient');
    await it.until('a SIGTERM', BOUND_MS, sent('SIGTERM'));
    await gone(worker.ref);
    await it.until('its death', 4_000, stateIs('dead'));
    expect(it.signals).toEqual([`SIGTERM ${worker.ref.pid}`]);
  });

  test('that is stopped hears no SIGTERM and dies of SIGKILL', async () => {
    const child = await startFixture('obedient');
    const worker = await it.register('worker', refOf(child.pid));
    await it.run(4_000);
    child.kill('SIGSTOP');
    worker.beats = false;
    const toKill = await it.until('a SIGKILL', BOUND_MS, sent('SIGKILL'));
    await gone(worker.ref);
    await it.until('its death', BOUND_MS - toKill, stateIs('dead'));
    expect((await child.exited).signal).toBe('SIGKILL');
  });

  test('is left alone while a stopped scheduler holds what it waits for', async () => {
    const worker = await it.register('worker', refOf((await startFixture('obedient')).pid));
    const child = await startFixture('obedient');
    const holder = await it.register('scheduler', refOf(child.pid));
    await it.run(10_000);
    child.kill('SIGSTOP');
    worker.beats = false;
    holder.beats = false;
    const toKill = await it.until('a SIGKILL', BOUND_MS, sent('SIGKILL'));
    await gone(holder.ref);
    await it.until('its death', BOUND_MS - toKill, stateIs('dead'));
    worker.beats = true;
    await it.register('scheduler', refOf((await startFixture('obedient')).pid));
    await it.run(60_000);
    expect(it.signals).toEqual([`SIGTERM ${holder.ref.pid}`, `SIGKILL ${holder.ref.pid}`]);
  });

  test('whose loop goes round without progress is killed as well', async () => {
    const child = await startFixture('obedient');
    await it.register('worker', refOf(child.pid));
    await it.store.jobs.enqueue(
      { key: 'k', agent: 'a', input: null, maxAttempts: 1 },
      { kind: 'person', name: 'test' },
    );
    await it.until('a SIGTERM', BOUND_MS, sent('SIGTERM'));
    expect((await it.lastKill())?.reason).toContain('makes no progress');
    expect(it.titles()).toEqual(['The worker makes no progress']);
  });

  test('that dies and comes back while nobody can be told is one message, with the real times', async () => {
    it.server.script([{ status: 500, times: 'always' }]);
    const worker = await wedgedWorker('obedient');
    const wedgedAt = it.clock.now();
    await it.until('a SIGTERM', BOUND_MS, sent('SIGTERM'));
    await gone(worker.ref);
    await it.register('worker', refOf((await startFixture('obedient')).pid));
    await it.until('its successor', 30_000, stateIs('recovered'));
    const wellAt = it.clock.now();
    await it.run(10 * 60_000 - (wellAt - wedgedAt));
    expect(it.titles()).toEqual([]);
    it.server.script([]);
    await it.until('the message', 6 * 60_000, () => it.titles().length > 0);
    // The channel itself has something to say, too.
    const ofWorker = it.server.messages().filter(({ title }) => title?.includes('worker'));
    expect(ofWorker.map(({ title }) => title)).toEqual(['Resolved: The worker is silent']);
    const text = ofWorker[0]?.message ?? '';
    const [, from = '', to = ''] = /From (\S+ \S+) UTC to (\S+ \S+) UTC/.exec(text) ?? [];
    const between = (time: string, lowAt: number, highAt: number): void => {
      const at = Date.parse(`${time.replace(' ', 'T')}Z`);
      expect(at).toBeGreaterThanOrEqual(lowAt - 1_000);
      expect(at).toBeLessThanOrEqual(highAt);
    };
    between(from, wedgedAt, wedgedAt + 25_000);
    between(to, wellAt - 20_000, wellAt + 20_000);
    expect(text).toMatch(/comes \d+ min late/);
  });

  test('that beats again in the last moment is left alone', async () => {
    const worker = await wedgedWorker('stubborn');
    await it.run(18_000);
    worker.beats = true;
    await it.run(60_000);
    expect(it.signals).toEqual([]);
    expect(it.titles()).toEqual([]);
  });

  test('that ended by itself is told, and nobody is signalled', async () => {
    const worker = await wedgedWorker('obedient');
    process.kill(worker.ref.pid, 'SIGKILL');
    await gone(worker.ref);
    await it.run(60_000);
    expect(it.signals).toEqual([]);
    expect(it.titles()).toEqual(['The worker is silent']);
  });

  test('silences the scheduler with it: the worker is killed, the scheduler is not', async () => {
    const worker = await wedgedWorker('stubborn');
    scheduler.beats = false;
    await it.until('a SIGKILL', BOUND_MS, sent('SIGKILL'));
    await gone(worker.ref);
    await it.until('its death', 4_000, stateIs('dead'));
    scheduler.beats = true;
    await it.run(10_000);
    expect(it.signals.every((signal) => signal.endsWith(` ${worker.ref.pid}`))).toBe(true);
  });
});

describe('a process that cannot be proven', () => {
  test.each([
    ['the pid belongs to another process now', { startTicks: 1 }],
    ['the row is from before a reboot', { bootId: 'another-boot' }],
    ['the row is from another pid namespace', { pidNamespace: 'pid:[1]' }],
    ['the row proves nothing', { bootId: '', startTicks: 0 }],
  ])('%s: no signal, and a person is told', async (_what, part) => {
    const child = await startFixture('obedient');
    const worker = await it.register('worker', { ...refOf(child.pid), ...part });
    await it.run(10_000);
    worker.beats = false;
    await it.run(60_000);
    expect(it.signals).toEqual([]);
    expect(isAlive(child.pid)).toBe(true);
    expect(new Set(it.titles())).toEqual(
      new Set(['The worker is silent', 'The worker cannot be proven']),
    );
  });
});

test('a process that the system does not let us signal: one try a minute, and a person is told', async () => {
  const worker = await wedgedWorker('stubborn');
  it.restart({ signal: () => 'refused' });
  await it.run(90_000);
  expect(isAlive(worker.ref.pid)).toBe(true);
  expect(await it.watch.killsSince(0)).toHaveLength(2);
  expect(new Set(it.titles())).toEqual(
    new Set(['The worker is silent', 'The worker cannot be proven']),
  );
});

describe('a service that does not get well', () => {
  test('nobody comes: told once, and again when somebody does', async () => {
    const worker = await wedgedWorker('obedient');
    await it.until('a SIGTERM', BOUND_MS, sent('SIGTERM'));
    await gone(worker.ref);
    await it.until('giving up', 40_000, stateIs('failed'));
    await it.run(10_000);
    expect(it.titles()).toEqual(['The worker is silent', 'The worker did not come back']);
    await it.register('worker', refOf((await startFixture('obedient')).pid));
    await it.run(20_000);
    expect(new Set(it.titles().slice(2))).toEqual(
      new Set(['Resolved: The worker did not come back', 'Resolved: The worker is silent']),
    );
  });

  test('after three kills in half an hour the watchdog stands down and says so', async () => {
    for (let life = 0; life < 3; life++) {
      const worker = await wedgedWorker('obedient');
      await it.until('a SIGTERM', 90_000, () => it.signals.length > life);
      await gone(worker.ref);
      await it.until('its death', 4_000, stateIs('dead'));
    }
    const last = await wedgedWorker('obedient');
    await it.run(120_000);
    expect(it.signals).toHaveLength(3);
    expect(isAlive(last.ref.pid)).toBe(true);
    expect(it.titles().filter((title) => title?.includes('not killed any more'))).toHaveLength(1);
  });
});

describe('a watchdog that dies on the ladder', () => {
  // Each write of the ladder, and beyond the last.
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('at its write %i: the next one finishes', async (nth) => {
    const worker = await wedgedWorker('stubborn');
    const watch = dying(it.watch, ['saveKill', 'remember'], (_method, write) => write === nth);
    it.restart({ watch });
    const killed = (): boolean => it.signals.some((s) => s.startsWith('SIGKILL'));
    for (let tick = 0; tick < 25; tick++) {
      await it.tick().catch(() => undefined);
      // The clock is the test's, the death is the kernel's: it must not look late.
      if (killed()) await gone(worker.ref);
    }
    it.restart();
    await it.until('a SIGKILL', 60_000, async () => killed());
    await gone(worker.ref);
    await it.until('its death', 10_000, async () => (await it.lastKill())?.deadAt !== null);
    const openings = it.titles().filter((title) => title === 'The worker is silent');
    expect(openings.length).toBeGreaterThanOrEqual(1);
    expect(openings.length).toBeLessThanOrEqual(2);
    expect(await it.watch.killsSince(0)).toHaveLength(1);
  });
});
