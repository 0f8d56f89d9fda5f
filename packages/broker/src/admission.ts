import type { ControlStore, JobStore, Principal, Refusal } from '@nightshift/domain';
import { refusal } from './refusals.ts';
import type { StopFile } from './stop-file.ts';
import { isStopped } from './stop-file.ts';

/** Where the facts of the first three gates come from. */
export interface AdmissionFacts {
  readonly stopFile: StopFile;
  readonly control: Pick<ControlStore, 'read' | 'pausedAgents'>;
  readonly jobs: Pick<JobStore, 'get'>;
  readonly now: () => number;
}

/**
 * Halt, lease, pause: asked first for everything, also for a replay and a plain fetch. A model call
 * meets the same three again inside the transaction that takes its hold; that one decides.
 */
export async function admit(facts: AdmissionFacts, who: Principal): Promise<Refusal | null> {
  if (await isStopped(facts.stopFile)) return refusal('halted', 'a STOP file is there');
  const halt = await facts.control.read();
  if (halt.halted) return refusal('halted', `halted: ${halt.reason ?? 'no reason given'}`);
  const lease = (await facts.jobs.get(who.job))?.lease ?? null;
  if (lease === null || lease.token !== who.leaseToken || lease.until <= facts.now()) {
    return refusal('lease-lost', `attempt ${who.attempt} has no lease on its job any more`);
  }
  const paused = await facts.control.pausedAgents();
  if (paused.includes(who.agent)) return refusal('agent-paused', `${who.agent} is paused`);
  return null;
}
