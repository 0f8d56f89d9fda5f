import { type Fence, systemClock } from '@nightshift/domain';
import { type Tickets, openTickets } from '@nightshift/queue';
import type { Store } from '@nightshift/store';
import type { Bench, Group, Results } from '../benchmark.ts';
import { atMostTimes } from '../row.ts';
import { median, summarise } from '../statistics.ts';
import { type Depth, openDeepQueue } from '../support/deep-queue.ts';

const SHALLOW = 1_000;
const DEEP = 1_000_000;
const IN_FRONT = 100_000;
/** Claims of each side in a round; all rounds together take less than the shallow queue holds. */
const CLAIMS_A_ROUND = 150;
const BLOCK = 10;
const LEASE_MS = 60_000;

/** What a claim costs behind a thousand jobs and behind a million. */
export const queueDepth: Group = { ids: ['queue.claim_1m_vs_1k'], run };

async function run(bench: Bench): Promise<Results> {
  const rounds = Math.min(bench.rounds, 5);
  const deep = await open(bench, DEEP);
  const shallow = await open(bench, SHALLOW);
  const samples = { deep: [] as number[], shallow: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    for (let block = 0; block < CLAIMS_A_ROUND / BLOCK; block++) {
      const theirs = await claims(shallow, BLOCK);
      const mine = await claims(deep, BLOCK);
      if (round === 0) continue;
      samples.shallow.push(...theirs);
      samples.deep.push(...mine);
    }
  }
  const { low, high, count } = summarise(samples.deep);
  return {
    rows: [
      {
        id: 'queue.claim_1m_vs_1k',
        unit: 'ms',
        ours: median(samples.deep),
        spread: [low, high],
        peer: { name: 'the same at 1,000 queued', value: median(samples.shallow) },
        budget: atMostTimes(1.3),
        note: `ticket and claim (two commits) at ${DEEP.toLocaleString('en')} queued, ${count} of each;
          ${IN_FRONT.toLocaleString('en')} delayed and as many of a paused agent in front of
          both`.replaceAll(/\s+/g, ' '),
      },
    ],
  };
}

interface Queue {
  readonly store: Store;
  readonly tickets: Tickets;
}

async function open(bench: Bench, queued: number): Promise<Queue> {
  const depth: Depth = { queued, delayed: IN_FRONT, paused: IN_FRONT };
  const startedAt = performance.now();
  const store = await openDeepQueue(bench.workspace.folder('depth'), depth);
  bench.workspace.onClose(() => store.close());
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  bench.say(`queue: ${queued} jobs and ${2 * IN_FRONT} in front built in ${seconds} s`);
  return { store, tickets: openTickets(store, systemClock) };
}

/** Claims and finishes jobs. @returns ms of each claim */
async function claims({ store, tickets }: Queue, count: number): Promise<number[]> {
  const ms: number[] = [];
  for (let n = 0; n < count; n++) {
    const startedAt = performance.now();
    const fence = await claim(store, tickets);
    ms.push(performance.now() - startedAt);
    if (!(await store.jobs.settle(fence, { kind: 'done' }))) throw new Error('not settled');
  }
  return ms;
}

/** As the worker does it: a ticket, then the job it is for. */
async function claim(store: Store, tickets: Tickets): Promise<Fence> {
  const ticket = await tickets.next(() => false);
  if (ticket === null) throw new Error('the queue is empty');
  const won = await store.jobs.claim({
    job: ticket.jobId,
    instance: 'bench',
    leaseUntil: systemClock.now() + LEASE_MS,
    maxRunningOfAgent: 4,
    source: null,
  });
  if (won === null) throw new Error(`${ticket.jobId} was not claimed`);
  return won.fence;
}
