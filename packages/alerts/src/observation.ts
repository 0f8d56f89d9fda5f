import type { Facts, Instance, ServiceName, Times } from '@nightshift/domain';
import { isUnavailable, type Sight } from './rule.ts';

/** What this watchdog saw of one life of a service, in its own time. */
export interface Watched {
  readonly instance: string;
  readonly loopSeq: number;
  readonly progressSeq: number;
  readonly phase: Instance['phase'];
  /** How long `loopSeq` was seen not to change. */
  readonly silentMs: number;
  /** How long `progressSeq` was seen not to change, whatever the reason. */
  readonly stillMs: number;
  /** As `stillMs`, but only while there was work to take and nothing in the way. */
  readonly starvedMs: number;
  /** The deadline of its call in flight as written, epoch ms; and how much of it is left by our time,
   * counted down from the first sight of it, so that a clock step neither ends nor extends it. */
  readonly deadline: number | null;
  readonly deadlineLeftMs: number;
  /** How long it was seen to be past that deadline without progress. */
  readonly overdueMs: number;
  /** Changes of `loopSeq` seen in this life: 2 prove a loop that goes round. */
  readonly beats: number;
  /**
   * Changes of `progressSeq`, likewise. Both are counted from anew when the watchdog starts over.
   */
  readonly moves: number;
}

/**
 * Liveness by observation. Services write counters, never times; the watchdog measures, over its
 * own consecutive ticks, how long it saw a counter not change. So a clock step, a suspended machine
 * or a beat "from the future" can neither kill nor spare anybody.
 */
export interface Observation {
  /** Services that have to be up: both where a watchdog is resident, none where cron starts all. */
  readonly expected: readonly ServiceName[];
  /** The last tick; null before the first. */
  readonly at: Moment | null;
  readonly services: Readonly<Partial<Record<ServiceName, Watched>>>;
  /** How long a service that should be there was seen to be missing or stopped. */
  readonly missingMs: Readonly<Partial<Record<ServiceName, number>>>;
  /** How long the system was seen halted. */
  readonly haltedMs: number;
  /** How long each attempt was seen to run, by {@link attemptName}. */
  readonly runningMs: Readonly<Record<string, number>>;
  /** The last time somebody set the clock: by how much (back is negative), and how long ago. */
  readonly step: { readonly byMs: number; readonly agoMs: number } | null;
  /** Ticks in a row that came late, and ticks in a row without facts. */
  readonly lateTicks: number;
  readonly blindTicks: number;
}

/** When a tick was, by every clock there is. */
export interface Moment {
  /** `Clock.monotonic()` and `Clock.now()`, ms. */
  readonly monotonic: number;
  readonly wall: number;
  /** Uptime of the machine with the time it slept, ms; left out where that is not known. */
  readonly uptime?: number;
}

/** Services that are expected to be up wherever a watchdog is resident. */
export const RESIDENT: readonly ServiceName[] = ['scheduler', 'worker'];

/** A step is forgotten after this long. */
const STEP_KEPT_MS = 3_600_000;
/** Clocks are read one after the other, and disciplined ones are slewed: less is no step. */
const STEP_MIN_MS = 1_000;

/** Before the first tick. */
export const NOTHING_OBSERVED: Observation = {
  expected: RESIDENT,
  at: null,
  services: {},
  missingMs: {},
  haltedMs: 0,
  runningMs: {},
  step: null,
  lateTicks: 0,
  blindTicks: 0,
};

/** This many late ticks in a row are a slow machine; fewer are one that slept. */
const SLOW_TICKS = 3;

/**
 * Adds one tick. Time that passed counts only between two ticks that both saw facts: one blind tick
 * is left out, two start everything over (who could not be read may not have been able to write
 * either). So does a tick that came more than twice its interval late, because the machine slept;
 * only when every tick is late is the machine just slow, and then a tick counts as one interval.
 */
export function observe(
  before: Observation,
  sight: Sight,
  tick: Moment,
  times: Times,
): Observation {
  const late = isLate(before, tick, times);
  const lateTicks = late ? before.lateTicks + 1 : 0;
  const step = stepOf(before, tick);
  if (isUnavailable(sight)) {
    return { ...before, at: tick, step, lateTicks, blindTicks: before.blindTicks + 1 };
  }
  const startOver = (late && lateTicks < SLOW_TICKS) || before.blindTicks > 1;
  const passed = startOver || before.blindTicks > 0 ? 0 : passedMs(before, tick, late, times);
  const base = startOver ? forget(before) : before;
  return {
    expected: before.expected,
    at: tick,
    services: Object.fromEntries(
      sight.instances.map((it) => [
        it.service,
        watch(base.services[it.service], it, sight, passed),
      ]),
    ),
    missingMs: Object.fromEntries(
      before.expected
        .filter((name) => isMissing(sight, name))
        .map((name) => [name, (base.missingMs[name] ?? 0) + passed]),
    ),
    // A halt is no fault: sleeping through it makes it no shorter.
    haltedMs: isHalted(sight) ? before.haltedMs + passed : 0,
    // Time that was not observed is no running time, and what ran before it did so all the same.
    runningMs: Object.fromEntries(
      sight.attempts.map(attemptName).map((name) => [name, ranMs(before, name, passed)]),
    ),
    step,
    lateTicks,
    blindTicks: 0,
  };
}

/** Names one attempt of a job. */
export function attemptName(it: Facts['attempts'][number]): string {
  return `${it.job}:${it.attempt}`;
}

function ranMs(before: Observation, name: string, passed: number): number {
  const known = before.runningMs[name];
  return known === undefined ? 0 : known + passed;
}

/**
 * What the wall clock moved beyond what really passed. Without an uptime only a step back shows.
 */
function stepOf(before: Observation, tick: Moment): Observation['step'] {
  if (before.at === null) return null;
  const wall = tick.wall - before.at.wall;
  const known = tick.uptime !== undefined && before.at.uptime !== undefined;
  const passed = known
    ? tick.uptime - before.at.uptime
    : Math.max(wall, tick.monotonic - before.at.monotonic);
  if (Math.abs(wall - passed) >= STEP_MIN_MS) return { byMs: wall - passed, agoMs: 0 };
  if (before.step === null) return null;
  const agoMs = before.step.agoMs + Math.max(0, passed);
  return agoMs >= STEP_KEPT_MS ? null : { ...before.step, agoMs };
}

/** True for a service without a life, or whose last life ended. */
export function isMissing(facts: Facts, service: ServiceName): boolean {
  const life = facts.instances.find((it) => it.service === service);
  return life === undefined || life.stoppedAt !== null;
}

/** Halted by the row or by the STOP file. */
export function isHalted(facts: Facts): boolean {
  return facts.halt.halted || facts.halt.stopFile;
}

function isLate(before: Observation, tick: Moment, times: Times): boolean {
  if (before.at === null) return false;
  const limit = 2 * times.tickMs;
  // Linux stops the monotonic clock in suspend, macOS does not: either gap means a sleep.
  const wall = tick.wall - before.at.wall;
  return tick.monotonic - before.at.monotonic > limit || wall > limit || wall < 0;
}

function passedMs(before: Observation, tick: Moment, late: boolean, times: Times): number {
  if (before.at === null) return 0;
  return late ? times.tickMs : tick.monotonic - before.at.monotonic;
}

function forget(before: Observation): Observation {
  const services = Object.entries(before.services).map(([name, it]) => [
    name,
    { ...it, silentMs: 0, stillMs: 0, starvedMs: 0, overdueMs: 0, beats: 0, moves: 0 },
  ]);
  return { ...before, services: Object.fromEntries(services), missingMs: {} };
}

function watch(seen: Watched | undefined, life: Instance, facts: Facts, passed: number): Watched {
  const known = seen?.instance === life.id ? seen : null;
  const beat = known === null || known.loopSeq !== life.loopSeq;
  const moved = known === null || known.progressSeq !== life.progressSeq;
  const deadlineLeftMs = deadlineLeft(known, life, facts, passed);
  const overdue = !moved && known.deadline === life.inflightDeadline && deadlineLeftMs === 0;
  const starved = !moved && deadlineLeftMs === 0 && mayProgress(life, facts);
  return {
    instance: life.id,
    loopSeq: life.loopSeq,
    progressSeq: life.progressSeq,
    phase: life.phase,
    silentMs: beat ? 0 : known.silentMs + passed,
    stillMs: moved ? 0 : known.stillMs + passed,
    starvedMs: starved ? known.starvedMs + passed : 0,
    deadline: life.inflightDeadline,
    deadlineLeftMs,
    overdueMs: overdue && life.inflightDeadline !== null ? known.overdueMs + passed : 0,
    beats: (known?.beats ?? 0) + (beat && known !== null ? 1 : 0),
    moves: (known?.moves ?? 0) + (moved && known !== null ? 1 : 0),
  };
}

function deadlineLeft(known: Watched | null, life: Instance, facts: Facts, passed: number): number {
  if (life.inflightDeadline === null) return 0;
  if (known !== null && known.deadline === life.inflightDeadline) {
    return Math.max(0, known.deadlineLeftMs - passed);
  }
  return Math.max(0, life.inflightDeadline - facts.now);
}

/** Work is there, and neither a person nor the phase excuses standing still. */
export function mayProgress(life: Instance, facts: Facts): boolean {
  if (isHalted(facts) || !facts.claimable) return false;
  return life.phase === 'idle' || life.phase === 'working';
}
