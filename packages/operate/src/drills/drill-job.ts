import { DRILL_AGENT, type Fence, type Principal } from '@nightshift/domain';
import { DrillFailed, type DrillScene } from '../drill.ts';

/** Longer than any drill holds a job, and over before its own time is. */
const LEASE_MS = 2 * 60_000;

/** What each drill holds, to be given back at its end. */
const held = new WeakMap<DrillScene, Fence[]>();

/** A job of the reserved agent that this drill holds in its own hands: no worker takes it. */
export interface DrillJob {
  readonly fence: Fence;
  readonly principal: Principal;
}

/** Enqueues and claims one; null when the claim was refused. */
export async function claimJob(scene: DrillScene): Promise<DrillJob | null> {
  const { id, installation, store } = scene;
  const { actor, clock } = installation;
  const key = `${DRILL_AGENT}:${id}:${clock.now()}:${Math.random()}`;
  const { job } = await store.jobs.enqueue(
    { key, agent: DRILL_AGENT, input: {}, maxAttempts: 1 },
    actor,
  );
  if (job === null) throw new DrillFailed('a job that was enqueued a moment ago is not there');
  const instance = `drill-${id}`;
  const claim = await store.jobs.claim({
    job: job.id,
    instance,
    leaseUntil: clock.now() + LEASE_MS,
    maxRunningOfAgent: 9,
    source: null,
  });
  if (claim === null) return null;
  held.set(scene, [...(held.get(scene) ?? []), claim.fence]);
  const { attempt, token } = claim.fence;
  return {
    fence: claim.fence,
    principal: { job: job.id, attempt, agent: DRILL_AGENT, instance, leaseToken: token },
  };
}

/** As {@link claimJob}. @throws DrillFailed when the claim was refused. */
export async function requireJob(scene: DrillScene): Promise<DrillJob> {
  const job = await claimJob(scene);
  if (job === null) throw new DrillFailed('a job of the reserved agent could not be claimed');
  return job;
}

/** Ends every job of the reserved agent, in whatever state it is. */
export async function endJobs(scene: DrillScene): Promise<void> {
  const { store, installation } = scene;
  for (const fence of held.get(scene) ?? []) {
    await store.jobs.settle(fence, { kind: 'cancelled', message: 'the drill is over' });
  }
  const jobs = await store.jobs.list({ agent: DRILL_AGENT, limit: 100 });
  for (const job of jobs.filter((it) => ['queued', 'running', 'dead'].includes(it.state))) {
    if (job.state === 'dead') await store.jobs.redrive(job.id, installation.actor);
    await store.jobs.cancel(job.id, installation.actor);
  }
}
