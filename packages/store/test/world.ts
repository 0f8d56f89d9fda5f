import { manualClock, memoryDir, onCleanup, type ManualClock } from '@nightshift/support';
import type { Actor, Fence, Job, NewJob } from '@nightshift/domain';
import { openStore, type Store } from '../src/index.ts';

/**
 * A store on a real file in a folder of its own, with a clock that the test owns. The folder lies
 * in memory: what a disk remembers is the subject of the crash tests.
 */
export interface World {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly stateDir: string;
  /** Another connection to the same file. */
  readonly other: () => Promise<Store>;
}

export const PERSON: Actor = { kind: 'person', name: 'tester' };
export const GONE = { code: 'worker-gone', message: 'its worker is gone' };
const LEASE_MS = 60_000;

export async function openWorld(): Promise<World> {
  const stateDir = memoryDir('store');
  const clock = manualClock('2026-03-01T00:00:00Z');
  const open = async (mode: 'create' | 'existing'): Promise<Store> => {
    const store = await openStore({ stateDir, clock, mode });
    onCleanup(() => store.close());
    return store;
  };
  return { stateDir, clock, store: await open('create'), other: () => open('existing') };
}

/** A job with everything filled in but what the test cares about. */
export function newJob(key: string, over: Partial<NewJob> = {}): NewJob {
  return { key, agent: 'digest', input: { topic: 'news' }, maxAttempts: 3, ...over };
}

export async function enqueued(
  world: World,
  key: string,
  over: Partial<NewJob> = {},
): Promise<Job> {
  const { job } = await world.store.jobs.enqueue(newJob(key, over), PERSON);
  return job!;
}

export async function claim(
  world: World,
  job: string,
  over: { instance?: string; max?: number } = {},
): Promise<Fence | null> {
  const won = await world.store.jobs.claim({
    job,
    instance: over.instance ?? 'worker-1',
    leaseUntil: world.clock.now() + LEASE_MS,
    maxRunningOfAgent: over.max ?? 10,
    source: null,
  });
  return won?.fence ?? null;
}

/** Claims, and fails the test when that is refused. */
export async function claimed(world: World, job: string, instance = 'worker-1'): Promise<Fence> {
  const fence = await claim(world, job, { instance });
  if (fence === null) throw new Error(`job ${job} was not claimed`);
  return fence;
}

/** Enqueues and claims. */
export async function running(
  world: World,
  key: string,
  over: Partial<NewJob> = {},
): Promise<Fence> {
  return claimed(world, (await enqueued(world, key, over)).id);
}
