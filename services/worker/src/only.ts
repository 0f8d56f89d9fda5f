import type { Job } from '@nightshift/domain';
import type { ServiceContext } from '@nightshift/lifecycle';
import type { Store } from '@nightshift/store';
import type { Worker } from './worker.ts';

/**
 * The bounded shape: works on one job and asks to stop when there is nothing left that waiting a
 * moment could change. Retries count as its work; a job that waits on a gate, or for a paused
 * agent, does not, because nobody knows when that ends.
 */
export function onlyWork(
  context: ServiceContext<Store>,
  jobId: string,
  poll: () => Promise<number>,
  worker: Worker,
): () => Promise<number> {
  return async () => {
    const sleepMs = await poll();
    if (worker.running > 0) return sleepMs;
    const { jobs, control } = context.store;
    const job = await jobs.get(jobId);
    if (isOver(job, await control.pausedAgents())) context.requestStop();
    return sleepMs;
  };
}

/** True when this process can do nothing more for the job. */
export function isOver(job: Job | null, paused: readonly string[]): boolean {
  if (job === null) return true;
  if (job.state === 'running') return false;
  if (job.state !== 'queued' || paused.includes(job.agent)) return true;
  return job.waitReason === 'cap' || job.waitReason === 'breaker' || job.waitReason === 'rate';
}
