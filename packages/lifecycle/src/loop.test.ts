import { beforeEach, describe, expect, test } from 'vitest';
import { NightshiftError } from '@nightshift/domain';
import { openStore, type Store } from '@nightshift/store';
import { manualClock, onCleanup, tempDir, type ManualClock } from '@nightshift/support';
import { beats, beatState, type LoopBeatState } from './beats.ts';
import { haltWatch } from './halt-watch.ts';
import { openLog, type Log } from './logger.ts';
import { serviceLoop, type Loop } from './loop.ts';
import type { Work } from './service-context.ts';
import { timerSleeper, type Sleeper } from './sleeper.ts';
import { statePaths } from './state-dir.ts';
import { stopFile } from './stop-file.ts';

const ME = { id: 'me', service: 'worker', version: '1', configHash: 'h' } as const;
const PROCESS = { pid: 4_242, startTicks: 1, bootId: 'b', pidNamespace: 'n' };
const ACTOR = { kind: 'person', name: 'ops' } as const;
const TIMES = { beatMs: 2_000, silentMs: 20_000 };

let clock: ManualClock;
let store: Store;
let state: LoopBeatState;
let log: Log;
let dir: string;

beforeEach(async () => {
  clock = manualClock();
  dir = tempDir();
  store = await openStore({ stateDir: dir, clock, mode: 'create' });
  onCleanup(() => store.close());
  await store.instances.register({ ...ME, process: PROCESS });
  log = openLog({ dir, service: 'worker', instance: 'me', clock, secrets: () => [] });
  onCleanup(() => log.close());
  state = beatState();
});

/** Time passes while the loop sleeps. */
function clockSleeper(): Sleeper {
  return {
    sleep(ms) {
      clock.advance(Math.max(1, Math.min(ms, 60_000)));
      return new Promise((resolve) => setImmediate(resolve));
    },
    wake() {},
  };
}

function loopOf(options: { worksWhileHalted?: boolean; fatal?: boolean } = {}): Loop {
  const watch = haltWatch({
    stopFile: stopFile(statePaths(dir).stopFile),
    control: () => Promise.resolve(store.control),
    clock,
    log,
  });
  return serviceLoop({
    beats: beats({
      instance: ME.id,
      state,
      times: TIMES,
      clock,
      log,
      instances: () => Promise.resolve(store.instances),
      fatal: options.fatal ?? true,
    }),
    state,
    halt: watch,
    clock,
    log,
    sleeper: clockSleeper(),
    worksWhileHalted: options.worksWhileHalted ?? false,
  });
}

/** Work that counts its passes and asks for a minute of sleep after each. */
function counting(sleepMs = 60_000) {
  const seen = { passes: 0, halts: 0 };
  const work: Work = {
    poll() {
      seen.passes++;
      return Promise.resolve(sleepMs);
    },
    stop: () => Promise.resolve(),
    halted() {
      seen.halts++;
      return Promise.resolve();
    },
  };
  return { seen, work };
}

async function instance() {
  const [row] = await store.instances.running('worker');
  return row!;
}

test('a turn bumps the beat, and beats are written when they are due', async () => {
  const loop = loopOf();
  const { work } = counting();
  state.cover(null);
  await loop.turn(work);
  expect(await instance()).toMatchObject({ loopSeq: 1, phase: 'idle' });
  await loop.turn(work);
  expect((await instance()).loopSeq).toBe(1);
  clock.advance(TIMES.beatMs);
  state.progress();
  state.phase('working');
  await loop.turn(work);
  expect(await instance()).toMatchObject({ loopSeq: 3, progressSeq: 1, phase: 'working' });
});

test('that the boot is over is said at once: a boot may be silent longer than a loop', async () => {
  const loop = loopOf();
  const { work } = counting();
  await loop.turn(work);
  expect(await instance()).toMatchObject({ loopSeq: 1, phase: 'starting' });
  state.cover(null);
  await loop.turn(work);
  expect(await instance()).toMatchObject({ loopSeq: 2, phase: 'idle' });
});

test('the beat shows the call that may be silent longest', () => {
  const first = state.inflight('model', 100);
  const second = state.inflight('fetch', 200);
  expect(state.snapshot()).toMatchObject({ inflightKind: 'fetch', inflightDeadline: 200 });
  second();
  second();
  expect(state.snapshot()).toMatchObject({ inflightKind: 'model', inflightDeadline: 100 });
  first();
  expect(state.snapshot()).toMatchObject({ inflightKind: null, inflightDeadline: null });
});

test('a pass is made when it is due or the loop is woken, also during a pass', async () => {
  const loop = loopOf();
  const { seen, work } = counting();
  expect(await loop.turn(work)).toBe(950);
  await loop.turn(work);
  expect(seen.passes).toBe(1);
  loop.wake();
  await loop.turn(work);
  expect(seen.passes).toBe(2);
  const waking: Work = {
    ...work,
    poll() {
      if (seen.passes < 5) loop.wake();
      return work.poll();
    },
  };
  loop.wake();
  await loop.turn(waking);
  expect(await loop.turn(waking)).toBe(0);
});

describe('a halt', () => {
  test('is seen within a second, by row or by file, and its end too', async () => {
    const loop = loopOf();
    const { seen, work } = counting(0);
    const turnLater = async () => {
      clock.advance(900);
      await loop.turn(work);
    };
    await loop.turn(work);
    await store.control.halt('wrong numbers', ACTOR);
    await turnLater();
    await turnLater();
    expect(seen).toEqual({ passes: 1, halts: 1 });
    expect(state.snapshot().phase).toBe('halted');
    const file = stopFile(statePaths(dir).stopFile);
    file.write({ reason: 'file', who: 'ops', at: clock.now() });
    await store.control.resume(ACTOR);
    await turnLater();
    expect(seen.passes).toBe(1);
    file.remove();
    await turnLater();
    expect(seen).toEqual({ passes: 2, halts: 1 });
    expect(state.snapshot().phase).toBe('idle');
  });

  test('leaves the beats going', async () => {
    const loop = loopOf();
    await store.control.halt('r', ACTOR);
    await loop.turn(counting().work);
    clock.advance(TIMES.beatMs);
    await loop.turn(counting().work);
    expect(await instance()).toMatchObject({ loopSeq: 2, phase: 'halted' });
  });

  test('does not stop the one that has to tell people', async () => {
    const loop = loopOf({ worksWhileHalted: true });
    const { seen, work } = counting();
    await store.control.halt('r', ACTOR);
    await loop.turn(work);
    expect(seen.passes).toBe(1);
  });

  test('is assumed until the row has been read, and not forgotten when it cannot be', async () => {
    const { seen, work } = counting(0);
    const loop = loopOf({ fatal: false });
    store.close();
    await loop.turn(work);
    expect(seen).toEqual({ passes: 0, halts: 1 });
  });
});

describe('a pass that fails', () => {
  const failing = (error: Error, times: number): { work: Work; tries: () => number } => {
    let tries = 0;
    const poll = () => (++tries > times ? Promise.resolve(0) : Promise.reject(error));
    return { work: { poll, stop: () => Promise.resolve() }, tries: () => tries };
  };

  test('is tried again, ever later, when a retry can help', async () => {
    const loop = loopOf();
    const { work, tries } = failing(new NightshiftError('busy', 'locked', { retryable: true }), 9);
    await loop.turn(work);
    clock.advance(99);
    await loop.turn(work);
    expect(tries()).toBe(1);
    clock.advance(1);
    await loop.turn(work);
    expect(tries()).toBe(2);
    const waits: number[] = [];
    while (tries() < 9) {
      const before = clock.monotonic();
      const [seen] = [tries()];
      while (tries() === seen) {
        clock.advance(100);
        await loop.turn(work);
      }
      waits.push(clock.monotonic() - before);
    }
    expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  test('ends the loop when it cannot', async () => {
    const loop = loopOf();
    const { work } = failing(new Error('a bug'), 1);
    await expect(loop.run(work, new AbortController().signal)).rejects.toThrow('a bug');
  });
});

describe('a beat that cannot be written', () => {
  test('is tried again soon, and ends the service after the silent time', async () => {
    const loop = loopOf();
    const { work } = counting();
    await loop.turn(work);
    store.close();
    clock.advance(TIMES.silentMs);
    await loop.turn(work);
    clock.advance(249);
    await loop.turn(work);
    clock.advance(1);
    await expect(loop.turn(work)).rejects.toMatchObject({
      code: 'beat-unwritable',
      exitCode: 75,
      retryable: true,
    });
  });

  test('does not end the one that has to tell people', async () => {
    const loop = loopOf({ fatal: false });
    store.close();
    for (let i = 0; i < 30; i++) {
      clock.advance(TIMES.beatMs);
      await loop.turn(counting().work);
    }
    expect(state.snapshot().loopSeq).toBe(30);
  });
});

test('while something is waited for, beats go on, and the wait is bounded', async () => {
  const loop = loopOf();
  const never = new Promise(() => undefined);
  expect(await loop.beatWhile(never, 10_000)).toBe(false);
  expect((await instance()).loopSeq).toBeGreaterThanOrEqual(5);
  expect(await loop.beatWhile(Promise.resolve(), 10_000)).toBe(true);
  expect(await loop.beatWhile(Promise.reject(new Error('ended badly')), 10_000)).toBe(true);
});

test('a sleep ends with a wake, also with one that came before it', async () => {
  const sleeper = timerSleeper();
  sleeper.wake();
  await sleeper.sleep(3_600_000);
  const asleep = sleeper.sleep(3_600_000);
  sleeper.wake();
  await asleep;
  expect(await sleeper.sleep(0)).toBeUndefined();
});
