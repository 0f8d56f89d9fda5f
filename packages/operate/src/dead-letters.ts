import { EXIT, type Job, NightshiftError } from '@nightshift/domain';
import { requireAgent } from './agents.ts';
import { type Installation, notFound } from './installation.ts';

/** Which dead letters are meant. */
export interface DeadLetterFilter {
  readonly agent?: string;
  /** Code of what they died of, such as `crashed` or `agent-unknown`. */
  readonly reason?: string;
  readonly limit: number;
}

/** Dead jobs, newest first. */
export async function listDeadLetters(
  installation: Installation,
  filter: DeadLetterFilter,
): Promise<readonly Job[]> {
  return (await installation.store()).jobs.list({ ...filter, state: 'dead' });
}

/**
 * Puts a dead job back into the queue with fresh attempts; completed steps stay. With `as` it is
 * that agent's job from now on.
 * @throws NightshiftError `not-found` or `not-dead` (1), `unknown-agent` for `as` (64).
 */
export async function redrive(installation: Installation, id: string, as?: string): Promise<void> {
  await requireAgentOf(installation, as);
  const { jobs } = await installation.store();
  requireDead(await jobs.redrive(id, installation.actor, as), id, await stateOf(installation, id));
}

/** Redrives every dead letter that is meant. @returns how many. */
export async function redriveAll(
  installation: Installation,
  filter: DeadLetterFilter,
  as?: string,
): Promise<number> {
  await requireAgentOf(installation, as);
  const { jobs } = await installation.store();
  let redriven = 0;
  for (const job of await listDeadLetters(installation, filter)) {
    // Somebody else may have been first: that one is theirs to count.
    if ((await jobs.redrive(job.id, installation.actor, as)) === 'queued') redriven++;
  }
  return redriven;
}

/**
 * Takes a dead job out of the dead letters for good: it is cancelled, and why it died stays on
 * record. @throws NightshiftError `not-found` or `not-dead` (1).
 */
export async function drop(installation: Installation, id: string): Promise<void> {
  const { jobs } = await installation.store();
  requireDead(await jobs.drop(id, installation.actor), id, await stateOf(installation, id));
}

/** Drops every dead letter that is meant. @returns how many. */
export async function dropAll(
  installation: Installation,
  filter: DeadLetterFilter,
): Promise<number> {
  const { jobs } = await installation.store();
  let dropped = 0;
  for (const job of await listDeadLetters(installation, filter)) {
    if ((await jobs.drop(job.id, installation.actor)) === 'dropped') dropped++;
  }
  return dropped;
}

async function stateOf(installation: Installation, id: string): Promise<string> {
  return (await (await installation.store()).jobs.get(id))?.state ?? 'gone';
}

function requireDead(outcome: string, id: string, state: string): void {
  if (outcome === 'not-found') throw notFound('job', id, 'nightshift dlq list shows the ids');
  if (outcome !== 'not-dead') return;
  throw new NightshiftError('not-dead', `job ${id} is no dead letter: it is ${state}`, {
    at: id,
    fix: `nightshift jobs show ${id} tells what it is`,
    exitCode: EXIT.failed,
  });
}

/** A job that is redriven as an agent nobody configured would only die again. */
async function requireAgentOf(installation: Installation, as: string | undefined): Promise<void> {
  if (as !== undefined) requireAgent(await installation.settings(), as);
}
