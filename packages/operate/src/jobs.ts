import type { Attempt, Job, JobFilter, SpendRow } from '@nightshift/domain';
import { EXIT, NightshiftError } from '@nightshift/domain';
import { type Installation, notFound } from './installation.ts';

/** Calls of one job that are shown at most. */
const CALLS_MAX = 200;

/** Newest first. */
export async function listJobs(
  installation: Installation,
  filter: JobFilter,
): Promise<readonly Job[]> {
  return (await installation.store()).jobs.list(filter);
}

/** A job with everything that happened to it. */
export interface JobDetail {
  readonly job: Job;
  readonly attempts: readonly Attempt[];
  readonly calls: readonly SpendRow[];
}

/** @throws NightshiftError `not-found` (1). */
export async function showJob(installation: Installation, id: string): Promise<JobDetail> {
  const store = await installation.store();
  const job = await store.jobs.get(id);
  if (job === null) throw notFound('job', id, 'nightshift jobs list shows the ids');
  return {
    job,
    attempts: await store.jobs.attempts(id),
    calls: await store.ledger.spendRows({ job: id, limit: CALLS_MAX }),
  };
}

/**
 * Cancels a queued job at once; asks the worker to end a running one.
 * @throws NightshiftError `not-found` or `job-finished` (1).
 */
export async function cancelJob(
  installation: Installation,
  id: string,
): Promise<'cancelled' | 'asked'> {
  const outcome = await (await installation.store()).jobs.cancel(id, installation.actor);
  if (outcome === 'not-found') throw notFound('job', id, 'nightshift jobs list shows the ids');
  if (outcome === 'finished') {
    throw new NightshiftError('job-finished', `job ${id} is over already`, {
      at: id,
      fix: `nightshift jobs show ${id} tells how it ended`,
      exitCode: EXIT.failed,
    });
  }
  return outcome;
}
