import { fileURLToPath } from 'node:url';
import { Logger, makeWorkerUtils } from 'graphile-worker';
import { Pool } from 'pg';
import type { Bench, Group, Results } from '../benchmark.ts';
import { type Measured, type NotMeasured, atMost } from '../row.ts';
import { quantile, summarise } from '../statistics.ts';
import { openNoopSite } from '../support/noop-site.ts';
import { pause } from '../support/pause.ts';
import { NoPostgres, startPostgres } from '../support/postgres.ts';
import { firstBeats } from '../support/site.ts';
import type { Program } from '../support/workspace.ts';

/** The first round warms up: it also takes the log to the length at which it begins anew. */
const JOBS_A_ROUND = 150;
/** Between a job that is done and the next one, ms: the worker has gone to sleep by then. */
const GAP_MS = { least: 10, more: 40 };
const GRAPHILE = fileURLToPath(new URL('../fixtures/graphile-worker.ts', import.meta.url));

/** From the commit of an enqueue in one process to the claim in another, which was idle. */
export const dispatch: Group = { ids: ['queue.dispatch_p50', 'queue.dispatch_p99'], run };

export interface Side {
  readonly worker: Program;
  /** How many lines of the worker's were read. */
  read: number;
  enqueue(): Promise<void>;
}

async function run(bench: Bench): Promise<Results> {
  const ours = await openOurs(bench);
  const peer = await openGraphile(bench);
  const samples = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round <= bench.rounds; round++) {
    const mine = await delays(ours);
    const theirs = peer instanceof NoPostgres ? [] : await delays(peer);
    if (round === 0) continue;
    samples.ours.push(...mine);
    samples.peer.push(...theirs);
  }
  const rows = [
    row('queue.dispatch_p50', 0.5, 3, samples),
    row('queue.dispatch_p99', 0.99, 8, samples),
  ];
  return { rows, notMeasured: missing(peer) };
}

function missing(peer: Side | NoPostgres): NotMeasured[] {
  if (!(peer instanceof NoPostgres)) return [];
  return dispatch.ids.map((id) => ({ id, why: `graphile-worker, its peer: ${peer.message}` }));
}

function row(
  id: string,
  share: number,
  budgetMs: number,
  { ours, peer }: { readonly ours: readonly number[]; readonly peer: readonly number[] },
): Measured {
  const { low, high, max } = summarise(ours);
  const measured = {
    id,
    unit: 'ms',
    ours: quantile(ours, share),
    spread: [low, high] as const,
    budget: atMost(budgetMs),
    note: `${ours.length} jobs enqueued one at a time, longest ${max.toFixed(1)} ms`,
  };
  if (peer.length === 0) return measured;
  return {
    ...measured,
    peer: { name: 'graphile-worker on PostgreSQL', value: quantile(peer, share) },
  };
}

export async function openOurs({ workspace }: Bench): Promise<Side> {
  const site = await openNoopSite(workspace);
  const worker = site.startWorker(0);
  await firstBeats(site, [worker], performance.now());
  const actor = { kind: 'person', name: 'bench' } as const;
  return {
    worker,
    read: 0,
    async enqueue() {
      const key = crypto.randomUUID();
      await site.store.jobs.enqueue({ key, agent: 'bench', input: {}, maxAttempts: 3 }, actor);
    },
  };
}

async function openGraphile({ workspace }: Bench): Promise<Side | NoPostgres> {
  try {
    const { url } = await startPostgres(workspace);
    const logger = new Logger(() => () => undefined);
    const pgPool = new Pool({ connectionString: url });
    const ignore = (): void => undefined;
    pgPool.on('error', ignore);
    pgPool.on('connect', (client) => client.on('error', ignore));
    workspace.onClose(() => pgPool.end());
    const utils = await makeWorkerUtils({ pgPool, logger });
    workspace.onClose(() => utils.release());
    await utils.migrate();
    const worker = workspace.start([GRAPHILE], { env: { BENCH_POSTGRES: url } });
    workspace.onClose(() => worker.kill('SIGKILL'));
    await worker.line(0);
    const enqueue = async (): Promise<void> => {
      await utils.addJob('bench', { job: crypto.randomUUID() });
    };
    return { worker, read: 1, enqueue };
  } catch (error) {
    if (error instanceof NoPostgres) return error;
    throw error;
  }
}

/** Both processes read the machine's one monotonic clock, so their times can be subtracted. */
export async function delays(side: Side): Promise<number[]> {
  const ms: number[] = [];
  for (let n = 0; n < JOBS_A_ROUND; n++) {
    await pause(GAP_MS.least + Math.random() * GAP_MS.more);
    await side.enqueue();
    const committedAt = process.hrtime.bigint();
    const line = JSON.parse(await side.worker.line(side.read++)) as { claimedAt: string };
    // The claim can win the race against the answer to the one who committed.
    ms.push(Math.max(0, Number(BigInt(line.claimedAt) - committedAt) / 1e6));
  }
  return ms;
}
