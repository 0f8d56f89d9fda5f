import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Caps, SOAK_AGENTS } from './agents.ts';
import { machineMs, machineSleep } from './clock.mjs';
import { Face } from './face.mjs';
import { Fleet } from './fleet.ts';
import { Installation } from './installation.ts';
import { met } from './met.ts';
import { BOOT_RATE, CLOCK_FACTS, Pacer } from './pacer.ts';
import { askReferee, countsLine } from './ask-referee.ts';
import { Remotes } from './remotes.ts';
import { Seeded } from './seeded.ts';
import { Sizes } from './sizes.ts';
import { type Kind, type StormParts, forecast, happen, pass } from './storm.ts';
import { Timeline } from './timeline.ts';

export interface SoakOptions {
  readonly days: number;
  readonly seed: number;
  /** How many times as fast as the machine's the clock goes while nothing happens. */
  readonly factor: number;
  /** The storm ends after so much of the machine's time, however few days that were. */
  readonly minutes: number;
  /** What happens; everything by default. */
  readonly kinds: readonly Kind[];
  /** Keeps the folder also when nothing broke. */
  readonly keep: boolean;
}

const ZONE = 'Europe/Berlin';
const HOUR_MS = 3_600_000;
/** What runs when the weather has cleared has come to its end by then, ms of the machine. */
const IDLE_WITHIN_MS = 120_000;
/** The clocks of that zone change here: forward and back. */
const CHANGES = [Date.parse('2026-03-29T01:00:00Z'), Date.parse('2026-10-25T01:00:00Z')];

const CAPS: Caps = { perCall: 0.05, perJob: 0.04, perHour: 0.2, perDay: 1, perMonth: 20 };

/** The defaults, coarser: a leap of the clock is half a beat. */
const TIMES = {
  tick: '60s',
  beat: '60s',
  silent: '10m',
  termGrace: '20s',
  lease: '10m',
  leaseRenew: '2m',
  drain: '20s',
  recover: '5m',
} as const;

/** Runs a soak and its referee. @returns the exit code: 0 when every promise held */
export async function runSoak(options: SoakOptions): Promise<number> {
  const random = new Seeded(options.seed);
  const from = CHANGES[options.seed % 2]! - options.days * 12 * HOUR_MS;
  const installation = new Installation((dir) => environment(path.join(dir, 'clock.json')));
  const face = Face.create(path.join(installation.dir, 'clock.json'), from, BOOT_RATE);
  const timeline = new Timeline(path.join(installation.evidence, 'timeline.jsonl'), face);
  const remotes = await Remotes.start(installation.env);
  const startedMs = machineMs();
  console.log(`soak: ${options.days} days, seed ${options.seed}, in ${installation.dir}`);
  const configure = (caps: Caps): void =>
    installation.configure({
      timezone: ZONE,
      agents: SOAK_AGENTS,
      caps,
      times: TIMES,
      ends: remotes.at,
      read: [face.path],
      concurrency: 4,
      timeout: '3m',
    });
  const { dir, stateDir } = installation;
  const env = { ...installation.env, SOAK_WEBHOOK: remotes.at.discord };
  const fleet = new Fleet({ dir, stateDir, env, timeline, restartMs: 500 });
  const pacer = new Pacer({ face, installation, fleet, factor: options.factor });
  const ownDisk = installation.mountDisk(128 + 64 * Math.ceil(options.days));
  if (!ownDisk) console.log('soak: a full disk is not tried: it takes the right to mount one');
  const sizes = new Sizes(stateDir);
  const parts = { ownDisk, face, fleet, installation, pacer, remotes, random, timeline, configure };
  let code = 1;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      fleet.killAll();
      process.exit(1);
    });
  }
  try {
    configure(CAPS);
    await installation.must(timeline, ['migrate']);
    fleet.start();
    await weatherUntil({ ...parts, sizes }, from, options);
    const days = (face.now() - from) / (24 * HOUR_MS);
    await quiesce(parts);
    const minutes = (machineMs() - startedMs) / 60_000;
    console.log(`soak: ${days.toFixed(2)} days took ${minutes.toFixed(1)} min of the machine`);
    const facts = { kind: 'soak', seed: options.seed, ...CLOCK_FACTS };
    code = await askReferee(installation, remotes, facts);
    code = Math.max(code, tellSizes(sizes, installation));
    console.log(`the clock: ${JSON.stringify(pacer.seconds)} s of the machine`);
    console.log(`happened: ${JSON.stringify(timeline.counts)}`);
    console.log(`met: ${JSON.stringify(met(installation.evidence, CHANGES))}`);
    const kills = timeline.counts['SIGKILL'] ?? 0;
    console.log(countsLine(installation, { seed: options.seed, days: round(days), kills }));
  } finally {
    pacer.end();
    fleet.killAll();
    await remotes.close();
    installation.close();
    face.close();
  }
  if (code === 0 && !options.keep) installation.remove();
  else console.log(`evidence: ${installation.evidence}`);
  if (code !== 0) console.log(`replay: pnpm soak --days ${options.days} --seed ${options.seed}`);
  return code;
}

const round = (days: number): number => Math.round(days * 100) / 100;

/** 1 when the database or its log became larger than they may. */
function tellSizes(sizes: Sizes, installation: Installation): 0 | 1 {
  const { n } = installation.one('SELECT count(*) AS n FROM job_keys') as { n: number };
  const beyond = sizes.beyond(n);
  const { db, log } = sizes.most;
  console.log(`the database became ${db} bytes, its log ${log}, with ${n} jobs`);
  for (const line of beyond) console.log(`BROKEN: ${line}`);
  return beyond.length === 0 ? 0 : 1;
}

function environment(face: string): Record<string, string> {
  const clock = pathToFileURL(path.join(import.meta.dirname, 'clock.mjs'));
  clock.searchParams.set('face', face);
  return { NODE_OPTIONS: `--import=${clock.href}`, NIGHTSHIFT_TEST_CLOCK: clock.href };
}

/** Lets everything happen that the seed says. */
async function weatherUntil(
  parts: StormParts & { readonly sizes: Sizes },
  from: number,
  options: SoakOptions,
): Promise<void> {
  const { face, fleet, pacer, random, sizes, timeline } = parts;
  const to = from + options.days * 24 * HOUR_MS;
  const { kinds } = options;
  const ahead = forecast(random.fork('forecast'), { from: from + HOUR_MS / 4, to, kinds });
  pacer.until = from;
  pacer.run().catch((error: unknown) => {
    fleet.gaveUp = `the pacer failed: ${String(error)}`;
  });
  let dayMs = machineMs();
  const endMs = dayMs + options.minutes * 60_000;
  for (const [n, { at, kind }] of ahead.entries()) {
    if (fleet.gaveUp !== null) throw new Error(fleet.gaveUp);
    if (machineMs() > endMs) break;
    // Set back by a step, the clock may stand before what happened already: no matter.
    pacer.until = at;
    while (face.now() < at) await machineSleep(5);
    timeline.note('happens', { what: kind });
    sizes.look();
    pacer.until = Number.POSITIVE_INFINITY;
    await happen({ ...parts, random: random.fork(`${n} ${kind}`) }, kind);
    if (machineMs() - dayMs < 60_000) continue;
    dayMs = machineMs();
    console.log(`  ${new Date(face.now()).toISOString()}  ${n + 1} of ${ahead.length}`);
  }
}

/**
 * The weather clears, the queue runs dry, and what is to be told is told. Jobs that wait for a
 * window of tomorrow stay where they are, with their reason.
 */
async function quiesce(parts: StormParts): Promise<void> {
  const { fleet, pacer, remotes, timeline } = parts;
  timeline.note('quiesce');
  await remotes.scriptModel([]);
  for (const which of ['ntfy', 'discord'] as const) await remotes.scriptReceiver(which, []);
  pacer.stopped.add('scheduler');
  await fleet.stop('scheduler', 20_000);
  // Back-offs and breakers are over after this; a channel that was gone is tried once an hour.
  await pass(parts, 3 * HOUR_MS);
  await idle(pacer);
  await pass(parts, HOUR_MS / 2);
  await idle(pacer);
  timeline.note('end');
  pacer.held += 1;
  await fleet.stopAll(20_000);
}

async function idle(pacer: Pacer): Promise<void> {
  const endMs = machineMs() + IDLE_WITHIN_MS;
  while (!pacer.isIdle() && machineMs() < endMs) await machineSleep(20);
}
