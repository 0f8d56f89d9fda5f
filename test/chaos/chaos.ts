import { readFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '@nightshift/domain';
import { CHAOS_AGENTS } from '../soak/agents.ts';
import { askReferee, countsLine } from '../soak/ask-referee.ts';
import { machineMs, machineSleep } from '../soak/clock.mjs';
import { Fleet, SERVICES, type Service } from '../soak/fleet.ts';
import { Installation } from '../soak/installation.ts';
import { met } from '../soak/met.ts';
import { Remotes } from '../soak/remotes.ts';
import { Seeded } from '../soak/seeded.ts';
import { Timeline } from '../soak/timeline.ts';
import { modelWeather } from '../soak/weather.ts';

export const VICTIMS = [...SERVICES, 'child'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface ChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly minutes: number;
  /** Who is killed; nobody is one way to look at a busy system under a provider's weather. */
  readonly victims: readonly Victim[];
  /**
   * What waits for a retry is waited for, seconds; what waits for longer stays queued, with its
   * reason.
   */
  readonly patience: number;
  readonly keep: boolean;
}

/** The defaults, shorter, except where a slow machine would be taken for a wedged service. */
const TIMES = {
  tick: '500ms',
  beat: '500ms',
  silent: '30s',
  termGrace: '2s',
  lease: '6s',
  leaseRenew: '1s',
  drain: '2s',
  recover: '60s',
} as const;

/**
 * How long a life may go on after it has come up. The worker is where money and work are; a child
 * of it is one attempt, ended as a system does that has no memory left.
 */
const LIVES_MS: Readonly<Record<Victim, number>> = {
  worker: 2_500,
  scheduler: 500,
  watchdog: 400,
  child: 800,
};
/** One life in so many ends before it has come up. */
const STILLBORN_ONE_IN = 3;
/** Of the model: a job of four calls shall have a chance between two kills. */
const DELAY_MAX_MS = 400;
/** What is runnable runs, however long that takes on a busy machine. */
const RUNS_WITHIN_MS = 120_000;
const SOON_MS = 5_000;
const BOOT_MAX_MS = 20_000;
const WEATHER_EACH_MS = 5_000;

interface Parts {
  readonly fleet: Fleet;
  readonly installation: Installation;
  readonly remotes: Remotes;
  readonly random: Seeded;
  readonly timeline: Timeline;
  readonly options: ChaosOptions;
  readonly endMs: number;
}

/** Runs a chaos and its referee. @returns the exit code: 0 when every promise held */
export async function runChaos(options: ChaosOptions): Promise<number> {
  const random = new Seeded(options.seed);
  const installation = new Installation(() => ({}));
  const { dir, stateDir, evidence } = installation;
  const timeline = new Timeline(path.join(evidence, 'timeline.jsonl'), systemClock);
  const remotes = await Remotes.start({});
  const env = { ...installation.env, SOAK_WEBHOOK: remotes.at.discord };
  const fleet = new Fleet({ dir, stateDir, env, timeline, restartMs: 50 });
  console.log(`chaos: ${options.kills} kills, seed ${options.seed}, in ${dir}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      fleet.killAll();
      process.exit(1);
    });
  }
  let code = 1;
  try {
    configure(installation, remotes);
    await installation.must(timeline, ['migrate']);
    fleet.start();
    const endMs = machineMs() + options.minutes * 60_000;
    const parts = { fleet, installation, remotes, random, timeline, options, endMs };
    const kills = await storm(parts);
    await dry(parts);
    code = await askReferee(installation, remotes, { kind: 'chaos', seed: options.seed });
    console.log(`happened: ${JSON.stringify(timeline.counts)}`);
    console.log(`met: ${JSON.stringify(met(evidence, []))}`);
    console.log(countsLine(installation, { seed: options.seed, kills }));
  } finally {
    fleet.killAll();
    await remotes.close();
    installation.close();
  }
  if (code === 0 && !options.keep) installation.remove();
  else console.log(`evidence: ${evidence}`);
  if (code !== 0) console.log(`replay: pnpm chaos --kills ${options.kills} --seed ${options.seed}`);
  return code;
}

function configure(installation: Installation, remotes: Remotes): void {
  installation.configure({
    timezone: 'UTC',
    agents: CHAOS_AGENTS,
    caps: { perCall: 0.05, perJob: 0.015, perHour: 20, perDay: 50, perMonth: 100 },
    times: TIMES,
    ends: remotes.at,
    read: [],
    concurrency: 4,
    // A provider that hangs is not worth more of a run in real time.
    timeout: '30s',
  });
}

/** A killer for each service, and weather at the provider, until enough were killed. */
async function storm(parts: Parts): Promise<number> {
  const { random, options, endMs } = parts;
  const tally = { kills: 0 };
  const over = (): boolean => tally.kills >= options.kills || machineMs() >= endMs;
  const killers = options.victims.map((victim) =>
    victim === 'child'
      ? killChildren(parts, random.fork(victim), over, tally)
      : killAgainAndAgain(parts, victim, random.fork(victim), over, tally),
  );
  await Promise.all([...killers, changeWeather(parts, random.fork('weather'), over)]);
  return tally.kills;
}

async function killAgainAndAgain(
  { fleet, installation, timeline }: Parts,
  service: Service,
  random: Seeded,
  over: () => boolean,
  tally: { kills: number },
): Promise<void> {
  while (!over()) {
    if (fleet.gaveUp !== null) throw new Error(fleet.gaveUp);
    if (random.int(1, STILLBORN_ONE_IN) > 1) {
      const endMs = machineMs() + BOOT_MAX_MS;
      while (!isUp(fleet, installation, service) && machineMs() < endMs) await machineSleep(20);
    }
    await machineSleep(random.int(0, LIVES_MS[service]));
    if (fleet.pid(service) === null || !fleet.signal(service, 'SIGKILL')) continue;
    count(tally);
    timeline.note(`kill ${service}`);
  }
}

/** The newest attempt that runs loses its child, wherever it is. */
async function killChildren(
  { installation, timeline }: Parts,
  random: Seeded,
  over: () => boolean,
  tally: { kills: number },
): Promise<void> {
  while (!over()) {
    await machineSleep(random.int(0, LIVES_MS.child));
    const { pid } = installation.one(
      `SELECT max(child_pid) AS pid FROM attempts WHERE ended_at IS NULL AND started_at =
       (SELECT max(started_at) FROM attempts WHERE ended_at IS NULL AND child_pid IS NOT NULL)`,
    );
    if (typeof pid !== 'number' || !isAgent(pid)) continue;
    process.kill(pid, 'SIGKILL');
    count(tally);
    timeline.note('kill child', { pid });
  }
}

/** Nothing else gets hit that was given the number of a child that has just ended. */
function isAgent(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('packages/sandbox/src/child');
  } catch {
    return false;
  }
}

function count(tally: { kills: number }): void {
  tally.kills += 1;
  if (tally.kills % 100 === 0) console.log(`  ${tally.kills} kills`);
}

/** Its boot is over, and its row says so. */
function isUp(fleet: Fleet, installation: Installation, service: Service): boolean {
  const pid = fleet.pid(service);
  if (pid === null) return false;
  const row = installation.one(
    `SELECT count(*) AS n FROM instances WHERE pid = ${pid} AND stopped_at IS NULL
     AND phase <> 'starting'`,
  );
  return Number(row['n']) > 0;
}

async function changeWeather(
  { remotes }: Parts,
  random: Seeded,
  over: () => boolean,
): Promise<void> {
  while (!over()) {
    await remotes.scriptModel(modelWeather(random, { calls: 100, delayMaxMs: DELAY_MAX_MS }));
    await remotes.collectBill();
    for (let waited = 0; waited < WEATHER_EACH_MS && !over(); waited += 100) {
      await machineSleep(100);
    }
  }
}

/** No more kills, no more slots: what there is comes to its end. */
async function dry({ fleet, installation, options, remotes, timeline }: Parts): Promise<void> {
  timeline.note('quiesce');
  await remotes.scriptModel([]);
  await fleet.stop('scheduler', 10_000);
  const open = "SELECT count(*) AS n FROM jobs WHERE state IN ('queued', 'running')";
  const some = (sql: string): boolean => Number(installation.one(sql)['n']) > 0;
  // Also what is about to be tried again: nothing may come due while the worker stops.
  const runs = (): boolean =>
    !isUp(fleet, installation, 'worker') ||
    some(`SELECT count(*) AS n FROM jobs WHERE state = 'running' OR ready = 1
          OR (state = 'queued' AND run_after < ${systemClock.now() + SOON_MS})`);
  const calm = async (): Promise<void> => {
    const untilMs = machineMs() + RUNS_WITHIN_MS;
    while (runs() && machineMs() < untilMs) await machineSleep(100);
  };
  await calm();
  const untilMs = machineMs() + options.patience * 1_000;
  while (some(open) && machineMs() < untilMs) await machineSleep(100);
  await calm();
  await fleet.stop('worker', 10_000);
  // The watchdog sees the last of it and says so.
  await machineSleep(5_000);
  await fleet.stopAll(10_000);
}
