import type { Job } from '@nightshift/domain';
import type { ServiceContext } from '@nightshift/lifecycle';
import type { Store } from '@nightshift/store';
import type { Worker } from './worker.ts';

/**
 * The bounded shape: works on one job and asks to stop when there is nothing left that waiting a
 * moment could change. Retries count as its work; a job that waits on a gate does not, because its
 * window may open hours from now.
 */
export function onlyWork(
  context: ServiceContext<Store>,
  jobId: string,
  poll: () => Promise<number>,
  worker: Worker,
): () => Promise<number> {
  return async () => {
    const sleepMs = await poll();
    const job = await context.store.jobs.get(jobId);
    if (worker.running === 0 && isOver(job)) context.requestStop();
    return sleepMs;
  };
}

/** True when this process can do nothing more for the job. */
export function isOver(job: Job | null): boolean {
  if (job === null) return true;
  if (job.state === 'running') return false;
  if (job.state !== 'queued') return true;
  return job.waitReason === 'cap' || job.waitReason === 'breaker' || job.waitReason === 'rate';
}
