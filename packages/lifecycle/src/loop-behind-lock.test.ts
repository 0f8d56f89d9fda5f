import { beforeEach, describe, expect, test } from 'vitest';
import { openStore, type Store } from '@nightshift/store';
import { ticketHandle } from '@nightshift/store/tickets';
import { manualClock, onCleanup, tempDir, waitUntil } from '@nightshift/support';
import { beats, beatState, type LoopBeatState } from './beats.ts';
import { haltWatch } from './halt-watch.ts';
import { openLog } from './logger.ts';
import { serviceLoop, type Loop } from './loop.ts';
import type { Work } from './service-context.ts';
import { timerSleeper } from './sleeper.ts';
import { statePaths } from './state-dir.ts';
import { stopFile } from './stop-file.ts';

const ME = { id: 'me', service: 'worker', version: '1', configHash: 'h' } as const;
const clock = manualClock();

let dir: string;
let store: Store;
let state: LoopBeatState;
let loop: Loop;

beforeEach(async () => {
  dir = tempDir();
  store = await openStore({ stateDir: dir, clock, mode: 'create' });
  const process = { pid: 4_242, startTicks: 1, bootId: 'b', pidNamespace: 'n' };
  await store.instances.register({ ...ME, process });
  const log = openLog({ dir, service: 'worker', instance: ME.id, clock, secrets: () => [] });
  onCleanup(() => {
    log.close();
    store.close();
  });
  state = beatState();
  const { control, instances } = store;
  loop = serviceLoop({
    beats: beats({
      instance: ME.id,
      state,
      times: { beatMs: 2_000, silentMs: 20_000 },
      clock,
      log,
      instances: async () => instances,
      fatal: true,
    }),
    state,
    halt: haltWatch({ stopFile: stop(), control: async () => control, clock, log }),
    clock,
    log,
    sleeper: timerSleeper(),
    worksWhileHalted: false,
  });
});

const stop = () => stopFile(statePaths(dir).stopFile);

describe('a lock that somebody holds', () => {
  /** Work whose pass waits for a lock until the test lets go. */
  function waiting() {
    const seen = { halts: 0 };
    const { promise, resolve } = Promise.withResolvers<number>();
    const work: Work = {
      poll: () => promise,
      stop: () => Promise.resolve(),
      halted() {
        seen.halts++;
        return Promise.resolve();
      },
    };
    return { seen, work, letGo: () => resolve(0) };
  }
  const order = { reason: 'bill', who: 'person:ops', at: 0 };

  test('a halt is seen while a pass waits for it, and told again of what the pass began', async () => {
    const { seen, work, letGo } = waiting();
    const turn = loop.turn(work);
    stop().write(order);
    await waitUntil(() => seen.halts === 1, { what: 'the halt to be seen', timeoutMs: 5_000 });
    expect(state.snapshot().phase).toBe('halted');
    letGo();
    await turn;
    expect(seen.halts).toBe(2);
  });

  test('a halt is seen while a beat waits for it, and no pass begins', async () => {
    const { seen, work } = waiting();
    const holder = await openStore({ stateDir: dir, clock, mode: 'existing' });
    onCleanup(() => holder.close());
    ticketHandle(holder).exec('BEGIN IMMEDIATE');
    const turn = loop.turn(work);
    stop().write(order);
    await waitUntil(() => seen.halts === 1, { what: 'the halt to be seen', timeoutMs: 5_000 });
    ticketHandle(holder).exec('COMMIT');
    await turn;
    expect(seen.halts).toBe(1);
    expect((await store.instances.running('worker'))[0]).toMatchObject({ loopSeq: 1 });
  });
});
