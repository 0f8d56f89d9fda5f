import type {
  Attempt,
  Instance,
  InstanceStore,
  Job,
  JobStore,
  Ledger,
  ProcessRef,
} from '@nightshift/domain';

/** What can be proven about a process. `other` means that the pid is somebody else's now. */
export type Liveness = 'alive' | 'dead' | 'other' | 'unknown';

export interface TakeoverParts {
  readonly jobs: JobStore;
  readonly instances: InstanceStore;
  readonly ledger: Ledger;
  readonly liveness: (ref: ProcessRef) => Liveness;
  /** Kills a child that outlived its worker. True when it is proven to be dead. */
  readonly killOrphan: (ref: ProcessRef) => Promise<boolean>;
  readonly log: (message: string, fields: Record<string, string | number>) => void;
}

/**
 * Takes back at once the jobs of workers that are provably dead; everybody else's wait until their
 * lease runs out. An orphaned child is dead before its job can run again.
 */
export async function takeOverDead(parts: TakeoverParts, self: string): Promise<number> {
  let taken = 0;
  for (const instance of await parts.instances.running('worker', 'run')) {
    if (instance.id === self || !provenDead(parts, instance)) continue;
    taken += await takeInstance(parts, instance);
  }
  return taken;
}

/** Takes back jobs whose lease ran out, whoever held them. Called on every pass. */
export async function takeExpired(parts: TakeoverParts): Promise<number> {
  let taken = 0;
  for (const { job, attempt } of await parts.jobs.expired()) {
    if (await takeJob(parts, job, attempt, 'expired')) taken++;
  }
  if (taken > 0) await parts.ledger.presumeOrphans(null);
  return taken;
}

async function takeInstance(parts: TakeoverParts, instance: Instance): Promise<number> {
  let taken = 0;
  let left = 0;
  for (const { job, attempt } of await parts.jobs.ofInstance(instance.id)) {
    if (await takeJob(parts, job, attempt, 'gone')) taken++;
    else left++;
  }
  await parts.ledger.presumeOrphans(instance.id);
  // While a child of it may be alive, the instance stays on the books and is looked at again.
  if (left === 0) await parts.instances.stopped(instance.id);
  return taken;
}

/** `expired` leaves a lease alone that was renewed while we looked at its child. */
const WHY = { gone: 'the worker died', expired: 'the lease ran out' } as const;

async function takeJob(
  parts: TakeoverParts,
  job: Job,
  attempt: Attempt,
  when: keyof typeof WHY,
): Promise<boolean> {
  if (attempt.child !== null && !(await parts.killOrphan(attempt.child))) {
    parts.log('takeover.child-alive', { job: job.id, pid: attempt.child.pid });
    return false;
  }
  const token = job.lease?.token;
  if (token === undefined) return false;
  const fence = { job: job.id, attempt: attempt.n, token };
  const error = { code: 'worker-died', message: `${WHY[when]} during attempt ${attempt.n}` };
  const taken = await parts.jobs.takeBack(fence, error, when);
  if (taken) parts.log('takeover.job', { job: job.id, attempt: attempt.n });
  return taken;
}

function provenDead(parts: TakeoverParts, ref: ProcessRef): boolean {
  const state = parts.liveness(ref);
  return state === 'dead' || state === 'other';
}
