import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { PgBoss } from 'pg-boss';
import type { Bench, Group, Results } from '../benchmark.ts';
import type { Measured, NotMeasured } from '../row.ts';
import { median, summarise } from '../statistics.ts';
import { NoPostgres, startPostgres } from '../support/postgres.ts';
import { NoRedis, startRedis } from '../support/redis.ts';
import { delays, openOurs, type Side } from './dispatch.ts';
import { JOBS, jobsPerSecond, saidBy, tookOurs, type Took } from './throughput.ts';

const BULLMQ = fileURLToPath(new URL('../fixtures/bullmq-worker.ts', import.meta.url));
const PG_BOSS = fileURLToPath(new URL('../fixtures/pg-boss-worker.ts', import.meta.url));

/** Somebody else's queue with its server. */
interface Peer {
  readonly name: string;
  /** A new server for one comparison. @throws NoRedis, NoPostgres where it cannot run. */
  start(bench: Bench): Promise<Record<string, string>>;
  readonly program: string;
  /** Something that enqueues from this process. */
  enqueuer(bench: Bench, env: Record<string, string>): Promise<(job: string) => Promise<unknown>>;
}

const PEERS: Readonly<Record<string, Peer>> = {
  bullmq: {
    name: 'BullMQ on Redis',
    start: async ({ workspace }) => ({ BENCH_REDIS: await startRedis(workspace) }),
    program: BULLMQ,
    async enqueuer({ workspace }, env) {
      const queue = new Queue('bench', { connection: { path: env['BENCH_REDIS']! } });
      queue.on('error', () => undefined);
      workspace.onClose(() => queue.close());
      return (job) => queue.add('bench', { job });
    },
  },
  pgboss: {
    name: 'pg-boss on PostgreSQL',
    start: async ({ workspace }) => ({ BENCH_POSTGRES: (await startPostgres(workspace)).url }),
    program: PG_BOSS,
    async enqueuer({ workspace }, env) {
      const connectionString = env['BENCH_POSTGRES']!;
      const boss = new PgBoss({ connectionString, supervise: false, schedule: false });
      boss.on('error', () => undefined);
      await boss.start();
      workspace.onClose(() => boss.stop({ graceful: false }));
      return (job) => boss.send('waiting', { job });
    },
  },
};

/**
 * Our queue beside the two that people use with a server: no-op jobs from enqueue to done, and from
 * an enqueue to the claim in an idle process. Each commit is on the disk, on every side. There is
 * no budget: what they are is a fact, and the limits are those of the rows with one.
 */
export const peers: Group = {
  ids: Object.keys(PEERS).flatMap((key) => [`peer.throughput_${key}`, `peer.dispatch_${key}`]),
  run,
};

async function run(bench: Bench): Promise<Results> {
  const rows: Measured[] = [];
  const notMeasured: NotMeasured[] = [];
  for (const [key, peer] of Object.entries(PEERS)) {
    const ids = [`peer.throughput_${key}`, `peer.dispatch_${key}`];
    if (!ids.some((id) => bench.wants(id))) continue;
    try {
      const env = await peer.start(bench);
      if (bench.wants(ids[0]!)) rows.push(await throughputRow(bench, ids[0]!, peer, env));
      if (bench.wants(ids[1]!)) rows.push(await dispatchRow(bench, ids[1]!, peer, env));
    } catch (error) {
      if (!(error instanceof NoRedis || error instanceof NoPostgres)) throw error;
      notMeasured.push(...ids.map((id) => ({ id, why: error.message })));
    }
  }
  return { rows, notMeasured };
}

async function throughputRow(
  bench: Bench,
  id: string,
  { name, program }: Peer,
  env: Record<string, string>,
): Promise<Measured> {
  const ours: Took[] = [];
  const theirs: Took[] = [];
  for (let round = 0; round <= bench.rounds; round++) {
    const mine = await tookOurs(bench);
    const its = await saidBy(
      bench.workspace.start([program], { env: { ...env, BENCH_JOBS: String(JOBS) } }),
    );
    if (round === 0) continue;
    ours.push(mine);
    theirs.push(its);
  }
  const { low, high } = summarise(ours.map(jobsPerSecond));
  return {
    id,
    unit: 'jobs/s',
    ours: median(ours.map(jobsPerSecond)),
    spread: [low, high],
    peer: { name, value: median(theirs.map(jobsPerSecond)) },
    note: `${JOBS} no-op jobs a round, one process a side, one at a time`,
  };
}

async function dispatchRow(
  bench: Bench,
  id: string,
  peer: Peer,
  env: Record<string, string>,
): Promise<Measured> {
  const mine = await openOurs(bench);
  const its = await openPeer(bench, peer, env);
  const samples = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round <= bench.rounds; round++) {
    const [ours, theirs] = [await delays(mine), await delays(its)];
    if (round === 0) continue;
    samples.ours.push(...ours);
    samples.theirs.push(...theirs);
  }
  const { low, high } = summarise(samples.ours);
  return {
    id,
    unit: 'ms',
    ours: median(samples.ours),
    spread: [low, high],
    peer: { name: peer.name, value: median(samples.theirs) },
    note: `median of ${samples.ours.length} jobs enqueued one at a time`,
  };
}

async function openPeer(bench: Bench, peer: Peer, env: Record<string, string>): Promise<Side> {
  const worker = bench.workspace.start([peer.program], { env });
  bench.workspace.onClose(() => worker.kill('SIGKILL'));
  await worker.line(0);
  const send = await peer.enqueuer(bench, env);
  return {
    worker,
    read: 1,
    async enqueue() {
      await send(crypto.randomUUID());
    },
  };
}
