import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DRILL_AGENT, drillFolder, drillReason, type DrillRun, type Job } from '@nightshift/domain';
import { endOwnHalt, systemProcesses, type StopFile } from '@nightshift/lifecycle';
import type { Store } from '@nightshift/store';

const ACTOR = { kind: 'service', name: 'watchdog' } as const;

/**
 * Undoes what any drill may have left: its own halt (nobody else's), a stopped worker, the breaker
 * and the jobs of the reserved name, its files. @returns what was undone.
 */
export async function undoDrill(
  run: DrillRun,
  store: Store,
  stopFile: StopFile,
): Promise<readonly string[]> {
  const undone: string[] = [];
  if (run.name === 'out-of-band' && (await continueWorker(store))) {
    undone.push('a stopped worker goes on');
  }
  if (await endOwnHalt(stopFile, store.control, drillReason(run.id), ACTOR))
    undone.push('its halt is over');
  const breaker = await store.breakers.get(DRILL_AGENT);
  if (breaker.state !== 'closed') {
    await store.breakers.reset(DRILL_AGENT, ACTOR);
    undone.push('its breaker is closed');
  }
  for (const job of await store.jobs.list({ agent: DRILL_AGENT, limit: 100 })) {
    if (await endJob(job, store)) undone.push(`job ${job.id} is cancelled`);
  }
  const files = join(store.stateDir, drillFolder(run.id));
  if (existsSync(files)) {
    rmSync(files, { recursive: true, force: true });
    undone.push('its files are gone');
  }
  return undone;
}

/** A running one was in the hands of the drill itself: nobody else can let go of it. */
async function endJob({ id, state, lease }: Job, { jobs }: Store): Promise<boolean> {
  if (state === 'running' && lease !== null) {
    const attempt = Math.max(...(await jobs.attempts(id)).map(({ n }) => n));
    const message = 'the drill that held it died';
    return jobs.settle({ job: id, attempt, token: lease.token }, { kind: 'cancelled', message });
  }
  if (state === 'dead') await jobs.redrive(id, ACTOR);
  if (state !== 'dead' && state !== 'queued') return false;
  return (await jobs.cancel(id, ACTOR)) === 'cancelled';
}

/** Only a process that is proven to be the worker; going on does no harm to one that was running. */
async function continueWorker(store: Store): Promise<boolean> {
  const lives = await store.instances.current();
  const worker = lives.find((it) => it.service === 'worker' && it.stoppedAt === null);
  return worker !== undefined && systemProcesses().signal(worker, 'SIGCONT') === 'sent';
}
