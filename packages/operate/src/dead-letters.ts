import { EXIT, type Job, NightshiftError } from '@nightshift/domain';
import { type Installation, notFound } from './installation.ts';

/** Dead jobs, newest first. */
export async function listDeadLetters(
  installation: Installation,
  filter: { readonly agent?: string; readonly limit: number },
): Promise<readonly Job[]> {
  return (await installation.store()).jobs.list({ ...filter, state: 'dead' });
}

/**
 * Puts a dead job back into the queue with fresh attempts; completed steps stay.
 * @throws NightshiftError `not-found` or `not-dead` (1).
 */
export async function redrive(installation: Installation, id: string): Promise<void> {
  const outcome = await (await installation.store()).jobs.redrive(id, installation.actor);
  if (outcome === 'not-found') throw notFound('job', id, 'nightshift dlq list shows the ids');
  if (outcome === 'not-dead') {
    throw new NightshiftError('not-dead', `job ${id} is not a dead letter`, {
      at: id,
      fix: `nightshift jobs show ${id} tells what it is`,
      exitCode: EXIT.failed,
    });
  }
}

/** Redrives every dead letter of an agent, or of all. @returns how many. */
export async function redriveAll(
  installation: Installation,
  filter: { readonly agent?: string; readonly limit: number },
): Promise<number> {
  const { jobs } = await installation.store();
  let redriven = 0;
  for (const job of await listDeadLetters(installation, filter)) {
    // Somebody else may have been first: that one is theirs to count.
    if ((await jobs.redrive(job.id, installation.actor)) === 'queued') redriven++;
  }
  return redriven;
}
