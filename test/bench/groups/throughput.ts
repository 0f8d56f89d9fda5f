import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench, Group, Results } from '../benchmark.ts';
import { atLeastTimes } from '../row.ts';
import { median, summarise } from '../statistics.ts';
import { openNoopSite } from '../support/noop-site.ts';
import type { Program } from '../support/workspace.ts';

export const JOBS = 800;
const PLAINJOB = fileURLToPath(new URL('../fixtures/plainjob-worker.ts', import.meta.url));

/** Jobs that do nothing, from enqueue to done, one process of each side in turns. */
export const throughput: Group = { ids: ['queue.throughput'], run };

export interface Took {
  readonly enqueueMs: number;
  readonly workMs: number;
}

async function run(bench: Bench): Promise<Results> {
  const ours: Took[] = [];
  const peer: Took[] = [];
  for (let round = 0; round <= bench.rounds; round++) {
    const mine = await tookOurs(bench);
    const theirs = await tookPlainjob(bench);
    if (round === 0) continue;
    ours.push(mine);
    peer.push(theirs);
  }
  const { low, high } = summarise(ours.map(jobsPerSecond));
  return {
    rows: [
      {
        id: 'queue.throughput',
        unit: 'jobs/s',
        ours: median(ours.map(jobsPerSecond)),
        spread: [low, high],
        peer: { name: 'plainjob', value: median(peer.map(jobsPerSecond)) },
        budget: atLeastTimes(0.5),
        note: `${JOBS} no-op jobs a round, one process; enqueue and work take
          ${parts(ours)} ms a job, plainjob's ${parts(peer)}`.replaceAll(/\s+/g, ' '),
      },
    ],
  };
}

export async function tookOurs({ workspace }: Bench): Promise<Took> {
  const site = await openNoopSite(workspace);
  const took = await saidBy(site.startWorker(JOBS));
  const { queued, running } = await site.store.jobs.counts();
  site.store.close();
  if (queued + running > 0) throw new Error(`${queued + running} jobs were left`);
  return took;
}

async function tookPlainjob({ workspace }: Bench): Promise<Took> {
  const file = join(workspace.folder('plainjob'), 'queue.db');
  return saidBy(workspace.start([PLAINJOB, file], { env: { BENCH_JOBS: String(JOBS) } }));
}

export async function saidBy(program: Program): Promise<Took> {
  const took = JSON.parse(await program.line(0, 120_000)) as Took;
  await program.exited;
  return took;
}

export function jobsPerSecond({ enqueueMs, workMs }: Took): number {
  return (JOBS / (enqueueMs + workMs)) * 1_000;
}

function parts(took: readonly Took[]): string {
  const each = (pick: (it: Took) => number): string => (median(took.map(pick)) / JOBS).toFixed(2);
  return `${each((it) => it.enqueueMs)} + ${each((it) => it.workMs)}`;
}
