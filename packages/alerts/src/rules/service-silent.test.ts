import { describe, expect, test } from 'vitest';
import { keysOf, scene } from '../../test/scene.ts';

const SILENT = 'service-silent:worker';

describe('service-silent', () => {
  test('a system that beats is not mentioned', () => {
    expect(scene().run(600_000)).toEqual([]);
  });

  test('a loop that does not go round is found after silentMs, and not a tick before', () => {
    const it = scene();
    it.run(10_000);
    it.alive.worker = false;
    expect(it.run(18_000)).toEqual([]);
    expect(keysOf(it.tick().findings)).toEqual([SILENT]);
  });

  test('one beat a moment before the limit is enough', () => {
    const it = scene();
    it.alive.worker = false;
    it.run(18_000);
    it.alive.worker = true;
    it.run(2_000);
    it.alive.worker = false;
    expect(it.run(18_000)).toEqual([]);
  });

  test('a beat time from the future excuses nothing, and one from the past accuses nobody', () => {
    const it = scene();
    it.worker.beatAt = it.clock.now() + 86_400_000;
    it.scheduler.beatAt = 0;
    it.alive.worker = false;
    expect(keysOf(it.run(24_000))).toEqual([SILENT]);
  });

  test('a machine that slept starts over', () => {
    const it = scene();
    it.alive.worker = false;
    it.run(18_000);
    expect(it.tick(2 * 3_600_000).findings).toEqual([]);
    expect(it.run(18_000)).toEqual([]);
    expect(keysOf(it.tick().findings)).toEqual([SILENT]);
  });

  test('a wall clock that is set, forward or back, starts over and kills nobody', () => {
    const it = scene();
    it.alive.worker = false;
    it.run(18_000);
    it.clock.stepTo(it.clock.now() + 3_600_000);
    expect(it.tick().findings).toEqual([]);
    it.run(16_000);
    it.clock.stepTo(it.clock.now() - 3_600_000);
    expect(keysOf(it.tick().findings)).toEqual(['clock-jump:step']);
  });

  test('a machine on which every tick is late still finds it', () => {
    const it = scene();
    it.run(10_000);
    it.alive.worker = false;
    const found = Array.from({ length: 30 }, () => it.tick(5_000).findings).flat();
    expect(keysOf(found)).toEqual([SILENT]);
  });

  test('what could not be read is not counted, and two blind ticks start over', () => {
    const it = scene();
    it.tick();
    it.alive.worker = false;
    it.run(18_000);
    expect(keysOf(it.blindTick().findings)).toEqual(['facts-unavailable']);
    expect(it.tick().findings).toEqual([]);
    expect(keysOf(it.tick().findings)).toEqual([SILENT]);
    it.blindTick();
    it.blindTick();
    expect(it.run(18_000)).toEqual([]);
  });

  test('a boot may take three times as long', () => {
    const it = scene();
    it.worker = { phase: 'starting', loopSeq: 0 };
    it.alive.worker = false;
    expect(it.run(60_000)).toEqual([]);
    expect(keysOf(it.run(4_000))).toEqual([SILENT]);
  });

  test('a new life starts with a clean slate', () => {
    const it = scene();
    it.alive.worker = false;
    it.run(18_000);
    it.worker = { id: 'worker-2' };
    expect(it.run(18_000)).toEqual([]);
  });

  test('a service that stopped and does not come back is found after recoverMs', () => {
    const it = scene();
    it.worker.stoppedAt = it.clock.now();
    expect(it.run(30_000)).toEqual([]);
    expect(keysOf(it.run(4_000))).toEqual([SILENT]);
  });

  test('services that never came are found after the time of a boot', () => {
    const it = scene();
    it.facts = { instances: [] };
    expect(it.run(60_000)).toEqual([]);
    expect(keysOf(it.run(4_000))).toEqual(['service-silent:scheduler', SILENT]);
  });

  test('a halted system beats on, so its silence counts too', () => {
    const it = scene();
    it.facts = { halt: { halted: true, reason: 'r', who: 'w', at: 0, stopFile: true } };
    it.worker.phase = 'halted';
    it.alive.worker = false;
    it.run(18_000);
    expect(keysOf(it.run(4_000))).toContain(SILENT);
  });

  test('a watchdog that has just started cannot say that anybody is well', () => {
    const it = scene();
    const [rule, key] = ['service-silent', SILENT];
    it.alive.worker = false;
    expect(it.tick().judges(rule, key)).toBe(false);
    expect(it.tick().judges(rule, key)).toBe(false);
    it.alive.worker = true;
    expect(it.tick().judges(rule, key)).toBe(true);
    expect(it.tick(3_600_000).judges(rule, key)).toBe(true);
    it.alive.worker = false;
    expect(it.tick(3_600_000).judges(rule, key)).toBe(false);
  });
});
