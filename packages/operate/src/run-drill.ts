import { DRILL_AGENT, EXIT, NightshiftError, uuidv7 } from '@nightshift/domain';
import type { DrillName, DrillNote } from '@nightshift/domain';
import { type Processes, type Sleeper, systemProcesses, timerSleeper } from '@nightshift/lifecycle';
import { createDrillStore } from '@nightshift/store';
import { isWatched } from './alerts.ts';
import { DrillFailed, DrillSkipped, type Drill, type DrillScene } from './drill.ts';
import { alert } from './drills/alert.ts';
import { backup } from './drills/backup.ts';
import { breaker } from './drills/breaker.ts';
import { cap } from './drills/cap.ts';
import { deadLetter } from './drills/dead-letter.ts';
import { killSwitch } from './drills/kill-switch.ts';
import { outOfBand } from './drills/out-of-band.ts';
import { readHalt } from './halt-state.ts';
import { inFlight } from './in-flight.ts';
import type { Installation } from './installation.ts';
import { readStatus } from './status.ts';

/** Every drill, those that disturb least first. */
export const DRILL_ORDER: readonly Drill[] = [
  alert,
  cap,
  breaker,
  deadLetter,
  backup,
  killSwitch,
  outOfBand,
];

/** A drill that has not ended by then is undone by the watchdog, ms. */
const EXPIRES_MS = 5 * 60_000;
/** A slot that is due within this time is not to be disturbed, ms. */
const SLOT_NEAR_MS = 2 * 60_000;
/** Below this time between two starts a slot is always about to come, ms. */
const CONTINUOUS_MS = 2 * SLOT_NEAR_MS;
const LOOK_MS = 100;
const UNTRIED: ReadonlySet<string> = new Set(['drill-busy', 'drill-impossible']);

export interface DrillRequest {
  readonly name: DrillName;
  /** How long running jobs may take before the drill gives up, ms. */
  readonly waitMs: number;
  readonly onNote?: (text: string) => void;
  readonly sleeper?: Sleeper;
  readonly processes?: Processes;
}

export interface DrillResult {
  readonly id: string;
  readonly name: DrillName;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped; null when it passed. */
  readonly reason: string | null;
  readonly notes: readonly DrillNote[];
}

/**
 * Runs one drill and keeps the evidence. What it changed is undone whatever happens; should this
 * process die, the watchdog undoes it when the drill's time is over.
 *
 * @throws NightshiftError `halted` (69); `drill-running`, `drill-busy`, `drill-impossible` (75).
 */
export async function runDrill(
  installation: Installation,
  request: DrillRequest,
): Promise<DrillResult> {
  const drill = DRILL_ORDER.find((it) => it.name === request.name);
  if (drill === undefined) throw unknown(request.name);
  if ((await readHalt(installation)).halted) throw halted();
  const scene = await sceneOf(installation, request);
  const drills = createDrillStore(scene.store);
  const { id, begunAt } = scene;
  const by = installation.actor.name;
  await drills.begin({
    id,
    name: drill.name,
    expiresAt: begunAt + EXPIRES_MS,
    by,
    process: scene.processes.ref(process.pid),
  });
  let failure: Error | null = null;
  try {
    await drill.run(scene);
  } catch (error) {
    failure = error as Error;
  }
  try {
    await drill.clean(scene);
  } catch (error) {
    failure ??= error instanceof DrillSkipped ? error : notUndone(error as Error);
  }
  const outcome = outcomeOf(failure);
  await drills.end(id, outcome);
  if (isUntried(failure)) throw failure;
  const notes = (await drills.get(id))?.notes ?? [];
  return { id, name: drill.name, outcome, reason: failure?.message ?? null, notes };
}

/**
 * Names of the drills that are to be run, in their order: those that were not tried since then
 * (epoch ms), or all.
 */
export async function drillsSince(
  installation: Installation,
  sinceAt: number | null,
): Promise<readonly DrillName[]> {
  const runs = sinceAt === null ? [] : await createDrillStore(await installation.store()).newest();
  const tried = new Set(
    runs
      .filter((it) => it.outcome !== 'skipped' && it.startedAt >= (sinceAt ?? 0))
      .map((it) => it.name),
  );
  return DRILL_ORDER.map((it) => it.name).filter((name) => !tried.has(name));
}

function notUndone({ message }: Error): DrillFailed {
  return new DrillFailed(`what it changed could not be undone: ${message}`);
}

function outcomeOf(failure: Error | null): DrillResult['outcome'] {
  if (failure === null) return 'passed';
  return failure instanceof DrillSkipped || isUntried(failure) ? 'skipped' : 'failed';
}

/** What could not be tried now is no failure of the safety; any other error is one. */
function isUntried(failure: Error | null): failure is NightshiftError {
  return failure instanceof NightshiftError && UNTRIED.has(failure.code);
}

async function sceneOf(installation: Installation, request: DrillRequest): Promise<DrillScene> {
  const { clock } = installation;
  const { sleeper = timerSleeper(), processes = systemProcesses() } = request;
  const store = await installation.store();
  const drills = createDrillStore(store);
  const id = uuidv7(clock);
  const until: DrillScene['until'] = async (what, limitMs, holds) => {
    const end = clock.monotonic() + limitMs;
    while (!(await holds())) {
      if (clock.monotonic() >= end) throw new DrillFailed(`waited ${limitMs} ms for ${what}`);
      await sleeper.sleep(LOOK_MS);
    }
  };
  return {
    id,
    begunAt: clock.now(),
    installation,
    store,
    processes,
    watched: await isWatched(installation, processes),
    until,
    async note(text) {
      request.onNote?.(text);
      await drills.note(id, text);
    },
    async quiet() {
      const { next } = await readStatus(installation, processes);
      const often = await continuous(installation);
      const now = clock.now();
      const near = next.find((it) => it.at - now < SLOT_NEAR_MS && !often.has(it.agent));
      if (near !== undefined) throw busy(`a slot of ${near.agent} is near`);
      const idle = async () => (await realJobs(store)) === 0;
      await until('running jobs', request.waitMs, idle).catch(() => {
        throw busy('jobs are running');
      });
    },
  };
}

/**
 * Agents that start so often that a slot is always near: waiting for a quieter moment would be
 * waiting for ever, and the next slot makes up for one that comes late.
 */
async function continuous(installation: Installation): Promise<ReadonlySet<string>> {
  const { agents } = await installation.settings();
  const often = agents.filter(
    ({ schedule }) => schedule?.kind === 'every' && schedule.everyMs < CONTINUOUS_MS,
  );
  return new Set(often.map((it) => it.name));
}

/** Running jobs that are not a drill's. */
async function realJobs(store: DrillScene['store']): Promise<number> {
  const { jobs } = await inFlight(store);
  return jobs.filter((it) => it.agent !== DRILL_AGENT).length;
}

function unknown(name: string): NightshiftError {
  const names = DRILL_ORDER.map((it) => it.name).join(', ');
  return new NightshiftError('unknown-drill', `there is no drill ${name}`, {
    fix: `one of ${names}, or all`,
    exitCode: EXIT.usage,
  });
}

function halted(): NightshiftError {
  return new NightshiftError('halted', 'everything is halted: a drill would change that', {
    fix: 'nightshift resume, when that is over',
    exitCode: EXIT.refused,
  });
}

function busy(why: string): NightshiftError {
  return new NightshiftError('drill-busy', `${why}: real work is not to be disturbed`, {
    fix: 'try again at a quieter moment, or wait longer with --wait',
    retryable: true,
    exitCode: EXIT.tryAgain,
  });
}
