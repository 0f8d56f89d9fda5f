import { DEFAULT_TIMES } from '@nightshift/domain';
import { seeded } from '@nightshift/support/seeded';
import { expect, test } from 'vitest';
import { settingsOf } from '../test/facts.ts';
import { scene } from '../test/scene.ts';

const TICKS = 10_000;

test.each([1, 2, 3])(
  '10,000 ticks of a healthy system under load find nothing (seed %i)',
  (seed) => {
    const random = seeded(seed);
    const it = scene(settingsOf());
    const { tickMs, silentMs } = DEFAULT_TIMES;
    // Beats may be held up (a lock, a slow disk, a pause), but never for the whole limit.
    const quietUntil = { worker: 0, scheduler: 0 };
    let call: { readonly until: number } | null = null;
    const found: string[] = [];
    for (let tick = 0; tick < TICKS; tick++) {
      const isQuiet = (name: 'worker' | 'scheduler'): boolean => {
        if (it.clock.monotonic() < quietUntil[name]) return true;
        const pause = random() < 0.02 ? random() * (silentMs - 4 * tickMs) : 0;
        quietUntil[name] = it.clock.monotonic() + pause;
        return false;
      };
      const quiet = { worker: isQuiet('worker'), scheduler: isQuiet('scheduler') };
      // Calls that are silent for up to twenty minutes, each with its own deadline.
      if (call === null && random() < 0.005) {
        call = { until: it.clock.now() + random() * 20 * 60_000 };
      }
      if (call !== null && it.clock.now() >= call.until) call = null;
      it.alive = {
        worker: !quiet.worker,
        scheduler: !quiet.scheduler,
        progress: call === null && !quiet.worker,
      };
      Object.assign(it.worker, {
        phase: call === null ? 'idle' : 'working',
        inflightKind: call === null ? null : 'call',
        inflightDeadline: call === null ? null : call.until,
      });
      const queued = call === null || quiet.worker ? 0 : Math.floor(random() * 5);
      it.facts = { queue: { queued, waiting: 3, running: call === null ? 0 : 1, dead: 0 } };
      // The machine sleeps, somebody sets the clock and takes it back, a read fails.
      if (random() < 0.001) it.clock.advance(random() * 2 * 3_600_000);
      const verdict = random() < 0.002 ? it.blindTick() : it.tick(tickMs * (0.9 + random() * 0.9));
      found.push(...verdict.findings.map((one) => one.key));
    }
    expect(found.filter((key) => key !== 'facts-unavailable')).toEqual([]);
    // It would have been found: the same system, wedged.
    it.alive = { worker: false, scheduler: true, progress: false };
    expect(it.run(2 * silentMs + 2 * tickMs).map((one) => one.key)).toContain(
      'service-silent:worker',
    );
  },
);
