import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Event, type Job, systemClock } from '@nightshift/domain';
import { type Store, openStore } from '@nightshift/store';
import { ticketHandle } from '@nightshift/store/tickets';
import { type Exit, onCleanup, repoRoot, spawnNode, tempDir } from '@nightshift/support';

const PROGRAM = path.join(repoRoot, 'test/fixtures/slots-to-done.ts');
const KILLER = path.join(repoRoot, 'test/crash/support/kill-at-commit.mjs');
const DAY = 86_400_000;

/** Where to kill: directly before or after the commit of this number, counted from one. */
export interface Kill {
  readonly at: number;
  readonly when: 'before' | 'after';
}

/** A state folder whose schedule has missed some slots, and the program that works them off. */
export interface JobSite {
  readonly store: Store;
  /** How many slots are due. */
  readonly slots: number;
  /** Runs the program to its end, or to its death. */
  run(kill?: Kill): Promise<Exit & { readonly stderr: string }>;
  /** Names of all commits of all runs so far, in order. */
  commits(): readonly string[];
  /** What may never be seen, whatever was killed; empty when all is well. */
  wrong(): Promise<readonly string[]>;
  jobs(): Promise<readonly Job[]>;
}

export async function openJobSite(slots: number): Promise<JobSite> {
  const stateDir = tempDir('crash');
  const [commitLog, stepLog] = ['commits', 'steps'].map((it) => path.join(stateDir, it)) as [
    string,
    string,
  ];
  [commitLog, stepLog].forEach((file) => appendFileSync(file, ''));
  const store = await openStore({ stateDir, clock: systemClock, mode: 'create' });
  onCleanup(() => store.close());
  const midnight = Math.floor(systemClock.now() / DAY) * DAY;
  const schedule = { agent: 'nightly', cron: '0 0 * * *', everyMs: null, timezone: 'UTC' };
  await store.slots.declare([schedule], midnight - slots * DAY);
  const seen = new StepsSeen(stepLog);
  return {
    store,
    slots,
    async run(kill) {
      const args = ['--import', KILLER, PROGRAM, stateDir, stepLog];
      const env = {
        COMMIT_LOG: commitLog,
        ...(kill === undefined ? {} : { KILL_AT: String(kill.at), KILL_WHEN: kill.when }),
      };
      const child = spawnNode(args, { env });
      const exit = await child.exited;
      return { ...exit, stderr: child.stderr };
    },
    commits: () => lines(commitLog),
    jobs: () => store.jobs.list({ limit: 1_000 }),
    wrong: async () => [
      ...integrity(store),
      ...(await slotsAndJobs(store, slots)),
      ...seen.look(await allEvents(store)),
      ...(await endings(store)),
    ],
  };
}

/** Steps that were complete once, and how often each had run by then: never again after that. */
class StepsSeen {
  readonly #log: string;
  readonly #complete = new Map<string, number>();

  constructor(log: string) {
    this.#log = log;
  }

  look(events: readonly Event[]): string[] {
    const runs = Map.groupBy(lines(this.#log), (it) => it);
    const count = (step: string): number => runs.get(step)?.length ?? 0;
    const again = [...this.#complete]
      .filter(([step, before]) => count(step) !== before)
      .map(([step, before]) => `step ${step} ran ${count(step)} times, ${before} to completion`);
    for (const { kind, ref, data } of events) {
      if (kind !== 'step.completed') continue;
      const step = `${ref} ${(data as { name: string }).name}`;
      if (!this.#complete.has(step)) this.#complete.set(step, count(step));
    }
    return again;
  }
}

function integrity(store: Store): string[] {
  const row = ticketHandle(store).prepare('PRAGMA integrity_check').get();
  const { integrity_check: said } = row as { integrity_check: string };
  return said === 'ok' ? [] : [`integrity_check: ${said}`];
}

/** A slot has one job or none yet; no job is of a slot that was not decided. */
async function slotsAndJobs(store: Store, slots: number): Promise<string[]> {
  const rows = await store.slots.list({ limit: 1_000 });
  const jobs = await store.jobs.list({ limit: 1_000 });
  const wrong: string[] = [];
  if (rows.length !== 0 && rows.length !== slots) wrong.push(`${rows.length} of ${slots} slots`);
  if (jobs.length !== rows.length) wrong.push(`${jobs.length} jobs of ${rows.length} slots`);
  for (const { scheduledFor, job } of rows) {
    const made = jobs.filter((it) => it.slot === scheduledFor).map((it) => it.id);
    if (made.length !== 1 || made[0] !== job) wrong.push(`slot ${scheduledFor}: ${made.join()}`);
  }
  return wrong;
}

/** A job ends once: one final event, one open attempt while it runs, and one report. */
async function endings(store: Store): Promise<string[]> {
  const ended = (await allEvents(store)).filter((it) =>
    ['job.done', 'job.dead', 'job.cancelled'].includes(it.kind),
  );
  const wrong: string[] = [];
  for (const { id, state } of await store.jobs.list({ limit: 1_000 })) {
    const ends = ended.filter((it) => it.ref === id).length;
    const isOver = state !== 'queued' && state !== 'running';
    if (ends !== (isOver ? 1 : 0)) wrong.push(`job ${id} is ${state} and ended ${ends} times`);
    const open = (await store.jobs.attempts(id)).filter((it) => it.endedAt === null).length;
    if (open !== (state === 'running' ? 1 : 0)) wrong.push(`job ${id}: ${open} open attempts`);
  }
  return wrong;
}

async function allEvents(store: Store): Promise<readonly Event[]> {
  return store.events.since(0, 100_000);
}

function lines(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter(Boolean);
}
