import { describe, expect, test } from 'vitest';
import { keysOf, scene, type Scene } from '../../test/scene.ts';

const WEDGED = 'worker-wedged:worker';
const RUNNABLE = { queued: 2, waiting: 0, running: 0, dead: 0 };
const EMPTY = { queued: 0, waiting: 3, running: 0, dead: 0 };

/** A worker whose loop goes round without getting anywhere. */
function parked(part: Scene['facts'] = { queue: RUNNABLE }): Scene {
  const it = scene();
  it.run(10_000);
  it.facts = part;
  it.alive.progress = false;
  return it;
}

describe('worker-wedged', () => {
  test('a parked claim loop with work to take is found after silentMs', () => {
    const it = parked();
    expect(it.run(18_000)).toEqual([]);
    expect(keysOf(it.run(4_000))).toEqual([WEDGED]);
  });

  test('a worker that makes progress is not mentioned', () => {
    const it = scene();
    it.facts = { queue: RUNNABLE };
    expect(it.run(600_000)).toEqual([]);
  });

  test.each([
    ['the queue is empty, or every job waits on a gate', { queue: EMPTY }],
    [
      'what is runnable is of a paused agent, or behind another job',
      { queue: RUNNABLE, claimable: false },
    ],
    [
      'the system is halted',
      {
        queue: RUNNABLE,
        halt: { halted: true, reason: null, who: null, at: null, stopFile: false },
      },
    ],
    [
      'a STOP file lies there',
      {
        queue: RUNNABLE,
        halt: { halted: false, reason: null, who: null, at: null, stopFile: true },
      },
    ],
  ])('silent while %s', (_what, facts) => {
    expect(parked(facts).run(3_600_000)).toEqual([]);
  });

  test.each(['starting', 'draining', 'halted'] as const)('silent in phase %s', (phase) => {
    const it = parked();
    it.worker.phase = phase;
    expect(it.run(600_000)).toEqual([]);
  });

  test('an hour without work is no hour of being stuck', () => {
    const it = parked({ queue: EMPTY });
    it.run(3_600_000);
    it.facts = { queue: RUNNABLE };
    expect(it.run(18_000)).toEqual([]);
  });

  test('a resume starts over', () => {
    const halt = { halted: true, reason: null, who: null, at: null, stopFile: false };
    const it = parked({ queue: RUNNABLE, halt });
    it.run(600_000);
    it.facts = { queue: RUNNABLE };
    expect(it.run(18_000)).toEqual([]);
  });

  test('a call in flight may be silent until its deadline, and silentMs more', () => {
    const it = parked();
    it.worker.phase = 'working';
    it.worker.inflightKind = 'model-call';
    it.worker.inflightDeadline = it.clock.now() + 20 * 60_000;
    expect(it.run(20 * 60_000)).toEqual([]);
    expect(it.run(16_000)).toEqual([]);
    expect(keysOf(it.run(8_000))).toEqual([WEDGED]);
  });

  test('a call past its deadline is found with an empty queue, too', () => {
    const it = parked({ queue: { queued: 0, waiting: 0, running: 1, dead: 0 } });
    it.worker.phase = 'working';
    it.worker.inflightDeadline = it.clock.now() + 60_000;
    expect(it.run(76_000)).toEqual([]);
    expect(keysOf(it.run(8_000))).toEqual([WEDGED]);
  });

  test('a clock set an hour forward does not end a call', () => {
    const it = parked();
    it.worker.phase = 'working';
    it.worker.inflightDeadline = it.clock.now() + 20 * 60_000;
    it.run(60_000);
    it.clock.stepTo(it.clock.now() + 3_600_000);
    expect(it.run(18 * 60_000)).toEqual([]);
  });

  test('a deadline that is pushed on and on ends at the longest work there is', () => {
    const it = parked({ queue: { queued: 0, waiting: 0, running: 1, dead: 0 } });
    it.worker.phase = 'working';
    const push = (): readonly string[] => {
      it.worker.inflightDeadline = it.clock.now() + 600_000;
      return keysOf(it.run(60_000));
    };
    for (let minute = 0; minute < 30; minute++) expect(push()).toEqual([]);
    expect(push()).toEqual([WEDGED]);
  });

  test('a busy worker without a deadline is left alone for as long as its work may take', () => {
    const it = parked({ queue: { queued: 2, waiting: 0, running: 1, dead: 0 } });
    it.worker.phase = 'working';
    expect(it.run(30 * 60_000)).toEqual([]);
    expect(keysOf(it.run(60_000))).toEqual([WEDGED]);
  });

  test('a watchdog that has just started does not call it well before something moved', () => {
    const it = parked();
    it.run(40_000);
    const again = parked();
    expect(again.tick().judges('worker-wedged', WEDGED)).toBe(true);
    const fresh = scene();
    fresh.facts = { queue: RUNNABLE };
    fresh.alive.progress = false;
    expect(fresh.tick().judges('worker-wedged', WEDGED)).toBe(false);
    fresh.alive.progress = true;
    expect(fresh.tick().judges('worker-wedged', WEDGED)).toBe(true);
  });
});
