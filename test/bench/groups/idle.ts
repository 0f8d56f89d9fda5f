import { startNtfy } from '@nightshift/fakes';
import type { Bench, Group, Results } from '../benchmark.ts';
import { type Measured, atMost } from '../row.ts';
import { summarise } from '../statistics.ts';
import { pause } from '../support/pause.ts';
import { cpuMs, pssMb, rssMb, whyNoProcessFacts } from '../support/process-facts.ts';
import { SERVICES, type Service, type Site, agentFile } from '../support/site.ts';
import { firstBeats, openSite, stopAll } from '../support/site.ts';
import type { Program } from '../support/workspace.ts';

const IDS = [
  'start.ready',
  'idle.pss',
  'idle.cpu',
  'watchdog.rss',
  'watchdog.cpu',
  'worker.idle_cpu',
];
/**
 * Between the first beat and the first look: boot leaves a probe behind, and garbage that V8
 * collects once when a service has been quiet for half a minute.
 */
const SETTLE_MS = 45_000;
/** One look at the processor time. */
const WINDOW_MS = 20_000;
const WINDOWS_MAX = 3;
const CONFIG = 'default times, one cron agent, one ntfy channel, second start (warm compile cache)';

/** Three real services with nothing to do. */
export const idle: Group = { ids: IDS, run };

async function run(bench: Bench): Promise<Results> {
  const why = whyNoProcessFacts();
  if (why !== null) return { rows: [], notMeasured: IDS.map((id) => ({ id, why })) };
  const site = await openIdleSite(bench);
  const starts = await readyTimes(bench, site);
  const programs = start(site);
  const all = SERVICES.map((service) => programs[service]);
  await firstBeats(site, all, performance.now());
  const ready = readyRow(starts);
  if (!IDS.some((id) => id !== 'start.ready' && bench.wants(id))) {
    await stopAll(all);
    return { rows: [ready] };
  }
  bench.say(`idle: settling, then looking at three services for ${windowsOf(bench) * 20} s`);
  await pause(SETTLE_MS);
  const cpu = await cpuPercents(bench, programs);
  const memory = memoryRows(programs);
  await stopAll(all);
  return { rows: [ready, ...memory, ...cpuRows(cpu)] };
}

async function openIdleSite({ workspace }: Bench): Promise<Site> {
  const ntfy = await startNtfy();
  workspace.onClose(() => ntfy.close());
  const entry = JSON.stringify(agentFile('first-line'));
  return openSite(
    workspace,
    `{ alerts: { channels: [ntfy({ server: '${ntfy.url}', topic: 'nights' })] },
       agents: { digest: { entry: ${entry}, schedule: '0 6 * * *' } } }`,
  );
}

type Programs = Readonly<Record<Service, Program>>;

function start(site: Site): Programs {
  return {
    scheduler: site.start('scheduler'),
    worker: site.start('worker'),
    watchdog: site.start('watchdog'),
  };
}

/** Starts and stops all three, once with a cold compile cache and then a time a round. */
async function readyTimes({ rounds }: Bench, site: Site): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const since = performance.now();
    const programs = Object.values(start(site));
    times.push(await firstBeats(site, programs, since));
    await stopAll(programs);
  }
  return times;
}

function readyRow([cold = 0, ...warm]: readonly number[]): Measured {
  const { median, low, high, count } = summarise(warm);
  return {
    id: 'start.ready',
    unit: 'ms',
    ours: median,
    spread: [low, high],
    note: `spawn to the first beat of all three at once, ${count} starts; the first one, with a cold
      compile cache, took ${Math.round(cold)} ms`.replaceAll(/\s+/g, ' '),
  };
}

function memoryRows(programs: Programs): Measured[] {
  const each = SERVICES.map((service) => [service, pssMb(programs[service].pid)] as const);
  const parts = each.map(([service, mb]) => `${service} ${Math.round(mb)}`).join(', ');
  return [
    {
      id: 'idle.pss',
      unit: 'MB',
      ours: each.reduce((sum, [, mb]) => sum + mb, 0),
      budget: atMost(200),
      note: `sum of PSS of the three services (${parts}); ${CONFIG}`,
    },
    {
      id: 'watchdog.rss',
      unit: 'MB',
      ours: rssMb(programs.watchdog.pid),
      budget: atMost(70),
      note: `VmRSS; ${CONFIG}`,
    },
  ];
}

type Percents = Readonly<Record<Service, readonly number[]>>;

/** Share of one core that each service took, in each window. */
async function cpuPercents(bench: Bench, programs: Programs): Promise<Percents> {
  const percents: Record<Service, number[]> = { scheduler: [], worker: [], watchdog: [] };
  for (let window = 0; window < windowsOf(bench); window++) {
    const before = SERVICES.map((service) => cpuMs(programs[service].pid));
    const startedAt = performance.now();
    await pause(WINDOW_MS);
    const wall = performance.now() - startedAt;
    for (const [at, service] of SERVICES.entries()) {
      const used = cpuMs(programs[service].pid) - (before[at] ?? 0);
      percents[service].push((used / wall) * 100);
    }
  }
  return percents;
}

function windowsOf({ rounds }: Bench): number {
  return Math.min(rounds, WINDOWS_MAX);
}

function cpuRows(percents: Percents): Measured[] {
  const sums = percents.worker.map((_, at) =>
    SERVICES.reduce((sum, service) => sum + (percents[service][at] ?? 0), 0),
  );
  return [
    cpuRow('idle.cpu', sums, 1, 'three services'),
    cpuRow('watchdog.cpu', percents.watchdog, 0.3, 'the watchdog'),
    cpuRow('worker.idle_cpu', percents.worker, 0.5, 'the worker'),
  ];
}

function cpuRow(id: string, samples: readonly number[], budget: number, who: string): Measured {
  const { median, low, high, count } = summarise(samples);
  return {
    id,
    unit: '% of a core',
    ours: median,
    spread: [low, high],
    budget: atMost(budget),
    note: `utime + stime of ${who} over ${count} windows of ${WINDOW_MS / 1_000} s; ${CONFIG}`,
  };
}
