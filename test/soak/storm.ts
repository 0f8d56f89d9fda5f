import { machineSleep } from './clock.mjs';
import type { Face } from './face.mjs';
import type { Caps } from './agents.ts';
import type { Fleet, Service } from './fleet.ts';
import { SERVICES } from './fleet.ts';
import type { Installation } from './installation.ts';
import type { Pacer } from './pacer.ts';
import type { Remotes } from './remotes.ts';
import type { Seeded } from './seeded.ts';
import type { Timeline } from './timeline.ts';
import { channelWeather, modelWeather, outage } from './weather.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A service that is down or stuck this long has not come back, ms of the machine. */
const BACK_WITHIN_MS = 120_000;

export interface StormParts {
  readonly face: Face;
  readonly fleet: Fleet;
  readonly installation: Installation;
  readonly pacer: Pacer;
  readonly remotes: Remotes;
  readonly random: Seeded;
  readonly timeline: Timeline;
  /** The state has a disk that can be filled. */
  readonly ownDisk: boolean;
  /** Writes the configuration with these caps. */
  readonly configure: (caps: Caps) => void;
}

export type Kind = keyof typeof HAPPENINGS;

interface Happening {
  readonly at: number;
  readonly kind: Kind;
}

/** How often each happens in a day. */
const PER_DAY: readonly (readonly [Kind, number])[] = [
  ['kill', 8],
  ['killBusy', 12],
  ['restart', 2],
  ['wedge', 2],
  ['wedgeWatchdog', 0.5],
  ['step', 4],
  ['reconfigure', 1],
  ['halt', 1],
  ['outage', 0.5],
  ['diskFull', 0.5],
  ['channel', 6],
  ['decide', 6],
  ['enqueue', 6],
];

/** Every kind that there is. */
export const KINDS: readonly Kind[] = PER_DAY.map(([kind]) => kind);

/** Everything of these kinds that will happen between two moments, in order. */
export function forecast(
  random: Seeded,
  { from, to, kinds }: { from: number; to: number; kinds: readonly Kind[] },
): Happening[] {
  const days = (to - from) / (24 * HOUR_MS);
  const all = PER_DAY.filter(([kind]) => kinds.includes(kind)).flatMap(([kind, perDay]) =>
    Array.from({ length: Math.max(1, Math.round(perDay * days)) }, () => ({
      at: from + random.int(0, to - from),
      kind,
    })),
  );
  for (let at = from; at < to; at += HOUR_MS / 2) all.push({ at, kind: 'weather' });
  return all.toSorted((a, b) => a.at - b.at || a.kind.localeCompare(b.kind));
}

/** Does one thing to the system. Returns when the system has taken it. */
export function happen(parts: StormParts, kind: Kind): Promise<void> {
  return HAPPENINGS[kind](parts);
}

const HAPPENINGS = {
  weather,
  kill: ({ fleet, random }: StormParts) => kill(fleet, random.pick(SERVICES)),
  killBusy,
  restart: async ({ fleet, random }: StormParts) => {
    fleet.signal(random.pick(SERVICES), 'SIGTERM');
  },
  wedge,
  wedgeWatchdog,
  step: async ({ face, random, timeline }: StormParts) => {
    const byMs = random.pick([7_000, -30_000, 20 * MINUTE_MS, -10 * MINUTE_MS, 45 * MINUTE_MS]);
    timeline.note('step', { byMs });
    face.step(byMs);
  },
  reconfigure,
  halt,
  outage: async ({ remotes, random, timeline, face, pacer }: StormParts) => {
    timeline.note('outage');
    await remotes.scriptModel(outage(random));
    await pass({ face, pacer }, random.int(2, 4) * HOUR_MS);
    await remotes.scriptModel([]);
  },
  diskFull,
  channel: async ({ remotes, random, timeline }: StormParts) => {
    const which = random.pick(['ntfy', 'discord'] as const);
    timeline.note('channel-weather', { which });
    await remotes.scriptReceiver(which, channelWeather(random));
  },
  decide,
  enqueue,
} as const;

async function weather({ remotes, random }: StormParts): Promise<void> {
  await remotes.scriptModel(modelWeather(random, { calls: 200, delayMaxMs: 1_000 }));
  await remotes.collectBill();
}

/** In the middle of work: as soon as something runs, or after a while. */
async function killBusy({ fleet, pacer, random }: StormParts): Promise<void> {
  const service = random.weighted<Service>([
    [6, 'worker'],
    [2, 'scheduler'],
    [1, 'watchdog'],
  ]);
  for (let waited = 0; waited < 4_000 && pacer.isIdle(); waited += 5) await machineSleep(5);
  await machineSleep(random.int(0, 800));
  await kill(fleet, service);
}

/** Returns when it is dead: a corpse is nothing to try the watchdog with. */
async function kill(fleet: Fleet, service: Service): Promise<void> {
  const pid = fleet.pid(service);
  if (fleet.signal(service, 'SIGKILL')) {
    await machineWait(() => fleet.pid(service) !== pid, BACK_WITHIN_MS);
  }
}

/** Stopped, not ended: the watchdog has to see it, tell it, and end it. */
async function wedge(parts: StormParts): Promise<void> {
  const { fleet, pacer, random, timeline } = parts;
  const service = random.pick(['worker', 'scheduler'] as const);
  await up(parts);
  const pid = fleet.pid(service);
  // A boot may be silent for longer: what is tried is who has come up.
  if (pid === null || !pacer.isUp(service) || !fleet.signal(service, 'SIGSTOP')) {
    return timeline.note('not-wedged', { service });
  }
  timeline.note('wedge', { service, pid });
  pacer.stopped.add(service);
  const ended = await machineWait(() => fleet.pid(service) !== pid, BACK_WITHIN_MS);
  if (!ended) timeline.note('wedge-survived', { service, pid });
  if (!ended) fleet.signal(service, 'SIGKILL');
  pacer.stopped.delete(service);
  await up(parts);
  // Three kills in half an hour are the watchdog's budget: it is not what is tried here.
  await pass(parts, 35 * MINUTE_MS);
}

/** Nobody ends a stopped watchdog; it goes on where it was. */
async function wedgeWatchdog(parts: StormParts): Promise<void> {
  const { fleet, pacer } = parts;
  await up(parts);
  if (!fleet.signal('watchdog', 'SIGSTOP')) return;
  pacer.stopped.add('watchdog');
  await pass(parts, 15 * MINUTE_MS);
  fleet.signal('watchdog', 'SIGCONT');
  pacer.stopped.delete('watchdog');
}

/** Other caps, and the services take them one after the other. */
async function reconfigure(parts: StormParts): Promise<void> {
  const { random, fleet, timeline, configure } = parts;
  const perDay = random.pick([0.5, 0.8, 1.2]);
  configure({ perCall: 0.05, perJob: 0.04, perHour: perDay / 5, perDay, perMonth: 20 });
  timeline.note('configured', { perDay });
  for (const service of SERVICES) {
    fleet.signal(service, 'SIGTERM');
    await machineSleep(600);
    await up(parts);
  }
}

async function halt(parts: StormParts): Promise<void> {
  const { installation, timeline, random, fleet } = parts;
  await held(parts, () => installation.must(timeline, ['halt', '--reason', 'a test of the halt']));
  timeline.note('halted');
  if (random.int(0, 1) === 1) fleet.signal(random.pick(SERVICES), 'SIGKILL');
  await pass(parts, 20 * MINUTE_MS);
  timeline.note('resuming');
  await held(parts, () => installation.must(timeline, ['resume']));
}

/** For ten minutes not a byte can be written to the state. */
async function diskFull(parts: StormParts): Promise<void> {
  const { fleet, installation, pacer, timeline } = parts;
  if (!parts.ownDisk) return timeline.note('disk-not-filled');
  timeline.note('disk-full');
  fleet.patient = true;
  const makeRoom = installation.fillDisk();
  for (const service of SERVICES) pacer.stopped.add(service);
  await pass(parts, 10 * MINUTE_MS);
  makeRoom();
  timeline.note('disk-has-room');
  pacer.stopped.clear();
  await up(parts);
  fleet.patient = false;
}

/** A person looks at what waits: most are approved, some twice, some rejected. */
async function decide(parts: StormParts): Promise<void> {
  const { installation, random, timeline } = parts;
  const out = await held(parts, () =>
    installation.must(timeline, ['drafts', 'list', '--state', 'pending', '--json']),
  );
  const { drafts } = JSON.parse(out) as { drafts: readonly { id: string }[] };
  for (const { id } of drafts.slice(0, 3)) {
    const verb = random.weighted([
      [3, 'approve'],
      [1, 'reject'],
    ] as const);
    const times = random.int(1, 2);
    for (let n = 0; n < times; n++) {
      const said = await held(parts, () => installation.command(['drafts', verb, id]));
      timeline.note('decided', { verb, id, code: said.code });
    }
  }
}

/** The same key twice: one job. */
async function enqueue(parts: StormParts): Promise<void> {
  const { installation, random, timeline } = parts;
  const key = `by-hand-${random.int(0, 1e9)}`;
  const agent = random.pick(['hourly', 'fives', 'queued']);
  for (let n = 0; n < 2; n++) {
    const args = ['enqueue', agent, '--key', key, '--json'];
    const out = await held(parts, () => installation.must(timeline, args));
    const { created, job } = JSON.parse(out) as { created: boolean; job: { id: string } | null };
    timeline.note('accepted', { key, agent, created, job: job?.id ?? null });
  }
}

/** No leaps while a command runs: it has time limits of its own. */
async function held<T>({ pacer }: StormParts, act: () => Promise<T>): Promise<T> {
  pacer.held += 1;
  try {
    return await act();
  } finally {
    pacer.held -= 1;
  }
}

/** Lets so much of the run's time pass, steps of the wall clock left out. */
export async function pass(
  { face, pacer }: Pick<StormParts, 'face' | 'pacer'>,
  ms: number,
): Promise<void> {
  const until = face.monotonic() + ms;
  const before = pacer.until;
  pacer.until = Math.max(pacer.until, face.now() + ms);
  while (face.monotonic() < until) await machineSleep(10);
  pacer.until = before;
}

async function up({ pacer }: StormParts): Promise<void> {
  await machineWait(() => pacer.allUp(), BACK_WITHIN_MS);
}

async function machineWait(ready: () => boolean, withinMs: number): Promise<boolean> {
  for (let waited = 0; waited < withinMs; waited += 10) {
    if (ready()) return true;
    await machineSleep(10);
  }
  return ready();
}
