import { waitUntil } from '@nightshift/support';
import type { Bench, Group, Results } from '../benchmark.ts';
import { type Measured, atMost } from '../row.ts';
import { summarise } from '../statistics.ts';
import { type Site, agentFile, firstBeats, openSite, stopAll } from '../support/site.ts';
import type { Program } from '../support/workspace.ts';

const BUDGET_MS = 2_000;
/** A takeover that waits for the lease takes a minute: it fails here, and says so. */
const WITHIN_MS = 75_000;

/** From SIGKILL of a worker to the agent's code running again in another worker of this host. */
export const takeover: Group = { ids: ['queue.takeover', 'queue.takeover_restart'], run };

async function run(bench: Bench): Promise<Results> {
  const site = await openStayingSite(bench);
  const rows: Measured[] = [];
  if (bench.wants('queue.takeover')) {
    const note = 'another worker was running and idle; real services, default times';
    rows.push(await measure(bench, 'queue.takeover', note, () => besideAnother(site)));
  }
  if (bench.wants('queue.takeover_restart')) {
    const note = 'the next life is started at the kill; real services, warm compile cache';
    rows.push(await measure(bench, 'queue.takeover_restart', note, () => inTheNextLife(site)));
  }
  return { rows };
}

async function measure(
  { rounds }: Bench,
  id: string,
  note: string,
  once: () => Promise<number>,
): Promise<Measured> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await once());
  const { median, low, high, count, max } = summarise(times);
  return {
    id,
    unit: 'ms',
    ours: median,
    spread: [low, high],
    budget: atMost(BUDGET_MS),
    note: `${count} kills, longest ${Math.round(max)} ms; ${note}`,
  };
}

async function openStayingSite({ workspace }: Bench): Promise<Site> {
  const entry = JSON.stringify(agentFile('stays'));
  const site = await openSite(workspace, `{ agents: { stays: { entry: ${entry} } } }`);
  // Once, so that every measured start finds its compile cache.
  const first = site.start('worker');
  await firstBeats(site, [first], performance.now());
  await stopAll([first]);
  return site;
}

async function besideAnother(site: Site): Promise<number> {
  const workers = [site.start('worker'), site.start('worker')];
  await idle(site, workers);
  const job = await startedJob(site);
  const holder = await holderOf(site, job, workers);
  const killedAt = performance.now();
  holder.kill('SIGKILL');
  const ms = await runningAgain(site, job, killedAt);
  await end(
    site,
    job,
    workers.filter((it) => it !== holder),
  );
  return ms;
}

async function inTheNextLife(site: Site): Promise<number> {
  const worker = site.start('worker');
  await idle(site, [worker]);
  const job = await startedJob(site);
  const killedAt = performance.now();
  worker.kill('SIGKILL');
  const next = site.start('worker');
  const ms = await runningAgain(site, job, killedAt);
  await end(site, job, [next]);
  return ms;
}

/** All of them have come up and wait for work. */
async function idle(site: Site, workers: readonly Program[]): Promise<void> {
  const waiting = async (): Promise<boolean> => {
    const lives = await site.store.instances.running('worker');
    return workers.every(({ pid }) =>
      lives.some((it) => it.pid === pid && it.phase === 'idle' && it.loopSeq > 1),
    );
  };
  await waitUntil(waiting, { what: 'idle workers', timeoutMs: 30_000, everyMs: 20 });
}

/** Enqueues a job and waits until its agent speaks. */
async function startedJob(site: Site): Promise<string> {
  const { job } = await site.store.jobs.enqueue(
    { key: crypto.randomUUID(), agent: 'stays', input: {}, maxAttempts: 9 },
    { kind: 'person', name: 'bench' },
  );
  const id = job?.id ?? '';
  await attemptRuns(site, id, 1, 30_000);
  return id;
}

async function holderOf(site: Site, job: string, workers: readonly Program[]): Promise<Program> {
  const lease = (await site.store.jobs.get(job))?.lease;
  const lives = await site.store.instances.running('worker');
  const pid = lives.find(({ id }) => id === lease?.instance)?.pid;
  const holder = workers.find((it) => it.pid === pid);
  if (holder === undefined) throw new Error('nobody holds the job');
  return holder;
}

async function runningAgain(site: Site, job: string, since: number): Promise<number> {
  await attemptRuns(site, job, 2, WITHIN_MS);
  return performance.now() - since;
}

/** The agent of this attempt has said so itself. */
async function attemptRuns(site: Site, job: string, n: number, timeoutMs: number): Promise<void> {
  const speaks = async (): Promise<boolean> =>
    (await site.store.jobs.get(job))?.progress?.done === n;
  await waitUntil(speaks, { what: `attempt ${n} to run`, timeoutMs, everyMs: 5 });
}

async function end(site: Site, job: string, workers: readonly Program[]): Promise<void> {
  await site.store.jobs.cancel(job, { kind: 'person', name: 'bench' });
  // Its agent ends well when it is told to, and what finished in time is done.
  const ended = async (): Promise<boolean> => (await site.store.jobs.get(job))?.state !== 'running';
  await waitUntil(ended, { what: 'the job to end', timeoutMs: 30_000, everyMs: 20 });
  await stopAll(workers);
}
