import { DEFAULT_TIMES, NightshiftError } from '@nightshift/domain';
import { createFactStore } from '@nightshift/store';
import { afterAll, expect, test } from 'vitest';
import { endedRef, watchScene, type TestLife } from '../../services/watchdog/test/scene.ts';
import { seeded } from '@nightshift/support/seeded';

const TICKS = 10_000;
const { tickMs, silentMs } = DEFAULT_TIMES;
/** What a beat may be late by: a tick passes before it is read, and one before it is missed. */
const LATEST_MS = silentMs - 4 * tickMs;
const seed = Number(process.env['CRASH_SEED'] ?? 20_261_122);
const counts = { late: 0, locked: 0, calls: 0, pauses: 0 };

afterAll(() => {
  console.log(`healthy watchdog: seed ${seed}, ${TICKS} ticks, ${JSON.stringify(counts)}`);
});

/**
 * A whole watchdog over both databases, with its ladder and its outbox, watches three services that
 * are well and have a hard time. What it would signal has ended long ago.
 */
test('10,000 ticks of a healthy system under load: no kill, no alert', async () => {
  const random = seeded(seed);
  const it = await watchScene();
  const services: TestLife[] = [];
  for (const name of ['scheduler', 'worker', 'watchdog'] as const) {
    services.push(await it.register(name, await endedRef()));
  }
  const quietUntil = new Map<TestLife, number>();
  const beat = services[1]!.beat as { -readonly [Name in keyof TestLife['beat']]: unknown };
  let lockedTicks = 0;
  const facts = createFactStore(it.store, () => false);
  it.restart({
    facts: async () => {
      if (lockedTicks > 0) throw new NightshiftError('database-busy', 'locked', {});
      return facts;
    },
  });
  for (let tick = 0; tick < TICKS; tick++) {
    const now = it.clock.monotonic();
    // A slow disk or somebody's lock: beats that are late, and facts that cannot be read.
    for (const life of services) {
      if (now >= (quietUntil.get(life) ?? 0) && random() < 0.02) {
        quietUntil.set(life, now + random() * LATEST_MS);
        counts.late++;
      }
      life.beats = now >= (quietUntil.get(life) ?? 0);
    }
    if (lockedTicks > 0) lockedTicks--;
    else if (random() < 0.002) {
      lockedTicks = 1 + Math.floor(random() * 2);
      counts.locked++;
    }
    // Calls that are silent for up to twenty minutes, each with its own deadline.
    if (beat.inflightDeadline !== null && (beat.inflightDeadline as number) <= it.clock.now()) {
      Object.assign(beat, { phase: 'idle', inflightKind: null, inflightDeadline: null });
    } else if (beat.inflightDeadline === null && random() < 0.01) {
      const inflightDeadline = it.clock.now() + Math.floor(random() * 20 * 60_000);
      Object.assign(beat, { phase: 'working', inflightKind: 'call', inflightDeadline });
      counts.calls++;
    }
    // The machine pauses, for less than a silence, while nobody is late for another reason.
    if (services.every((life) => life.beats) && random() < 0.005) {
      it.clock.advance(Math.floor(random() * LATEST_MS));
      counts.pauses++;
    }
    await it.tick();
  }
  expect(it.signals).toEqual([]);
  expect(await it.watch.killsSince(0)).toEqual([]);
  expect(it.titles()).toEqual([]);
  expect((await it.watch.openIncidents()).filter(({ state }) => state === 'open')).toEqual([]);
  // It would have been found: the same system, wedged.
  services[1]!.beats = false;
  await it.run(2 * silentMs);
  expect(it.titles()).toContain('The worker is silent');
}, 600_000);
