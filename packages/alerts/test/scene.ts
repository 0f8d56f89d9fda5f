import type { Facts, Finding, Instance, Settings } from '@nightshift/domain';
import { manualClock, type ManualClock } from '@nightshift/support';
import { evaluate, type Verdict } from '../src/evaluate.ts';
import { NOTHING_OBSERVED, observe, type Moment, type Observation } from '../src/observation.ts';
import type { Sight } from '../src/rule.ts';
import { seenSince, type Seen } from '../src/seen.ts';
import { factsOf, lifeOf, settingsOf } from './facts.ts';

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Ticks of a watchdog over two services that beat, unless the test takes one of them in hand. */
export interface Scene {
  readonly clock: ManualClock;
  observation: Observation;
  /** What the next ticks see, beside the services. */
  facts: Partial<Facts>;
  worker: Writable<Partial<Instance>>;
  scheduler: Writable<Partial<Instance>>;
  /** Whose loop goes round, and whether the worker's work moves. */
  alive: { worker: boolean; scheduler: boolean; progress: boolean };
  readonly settings: Settings;
  deadSeen: Seen;
  /** Uptime of the machine where it is known; time that passes adds to it. */
  uptime: number | null;
  /** One tick, `afterMs` (default `tickMs`) after the last. */
  tick(afterMs?: number): Verdict;
  /** A tick that could read nothing. */
  blindTick(): Verdict;
  /** Ticks for `ms`; the findings of each that had some. */
  run(ms: number): readonly Finding[];
}

/** A scene at its beginning: nothing was observed yet. */
export function scene(settings: Settings = settingsOf()): Scene {
  const clock = manualClock();
  const { tickMs } = settings.times;
  const at = (): Moment => ({
    monotonic: clock.monotonic(),
    wall: clock.now(),
    ...(it.uptime === null ? {} : { uptime: it.uptime }),
  });
  const judge = (sight: Sight): Verdict => {
    it.observation = observe(it.observation, sight, at(), settings.times);
    return evaluate(sight, settings, { observation: it.observation, deadSeen: it.deadSeen });
  };
  const beat = (life: Partial<Instance>, alive: boolean, progress: boolean): void => {
    Object.assign(life, {
      loopSeq: (life.loopSeq ?? 1) + (alive ? 1 : 0),
      progressSeq: (life.progressSeq ?? 1) + (progress ? 1 : 0),
    });
  };
  const it: Scene = {
    clock,
    settings,
    observation: NOTHING_OBSERVED,
    facts: {},
    worker: {},
    scheduler: {},
    alive: { worker: true, scheduler: true, progress: true },
    deadSeen: seenSince(clock.now(), 60_000),
    uptime: null,
    tick(afterMs = tickMs) {
      clock.advance(afterMs);
      if (it.uptime !== null) it.uptime += afterMs;
      beat(it.worker, it.alive.worker, it.alive.progress);
      beat(it.scheduler, it.alive.scheduler, true);
      const instances = [lifeOf('worker', it.worker), lifeOf('scheduler', it.scheduler)];
      return judge(factsOf(clock.now(), { instances, ...it.facts }));
    },
    blindTick() {
      clock.advance(tickMs);
      return judge({ now: clock.now(), unavailable: 'disk I/O error' });
    },
    run(ms) {
      const findings: Finding[] = [];
      for (let passed = 0; passed < ms; passed += tickMs) findings.push(...it.tick().findings);
      return findings;
    },
  };
  return it;
}

/** Keys of findings, each once, sorted. */
export function keysOf(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map((finding) => finding.key))].toSorted();
}
