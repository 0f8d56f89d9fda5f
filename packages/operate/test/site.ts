import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '@nightshift/domain';
import { environmentOf } from '@nightshift/lifecycle';
import { type ManualClock, manualClock, onCleanup, tempDir } from '@nightshift/support';
import { type Installation, openInstallation } from '../src/installation.ts';
import { migrateDatabases } from '../src/migrate.ts';

/** An installation in a folder of its own, with real databases and a clock the test moves. */
export interface Site {
  readonly dir: string;
  readonly clock: ManualClock;
  readonly installation: Installation;
  /** The same installation as the next command sees it: the configuration is read again. */
  readonly again: () => Installation;
}

const CONFIG = `export default {
  timezone: 'UTC',
  budget: { perDay: '$1.00' },
  agents: {
    digest: { entry: './agent.ts', attempts: 2, value: { hoursSaved: 0.1, hourlyRate: '$60.00' } },
    watch: { entry: './agent.ts', every: '30s' },
  },
};
`;

/** @param config text of the configuration file. */
export async function openSite(config = CONFIG): Promise<Site> {
  const dir = tempDir('site');
  const clock = manualClock('2026-11-22T12:00:00Z');
  writeFileSync(join(dir, 'nightshift.config.ts'), config);
  writeFileSync(join(dir, 'agent.ts'), 'export default null;\n');
  mkdirSync(join(dir, 'state'));
  const again = (): Installation => {
    const installation = openInstallation({
      cwd: dir,
      stateDir: 'state',
      create: true,
      clock,
      environment: environmentOf({}),
      actor: { kind: 'person', name: 'ada' },
      busyTotalMs: 100,
    });
    onCleanup(() => installation.close());
    return installation;
  };
  const installation = again();
  await migrateDatabases(installation);
  return { dir, clock, installation, again };
}

/** A job that was claimed and ended as dead. */
export async function deadJob({ installation }: Site, key: string): Promise<Job> {
  const fence = await claimedJob(installation, key);
  const { jobs } = await installation.store();
  const error = { code: 'cap-job', message: 'no money left' };
  await jobs.settle(fence, { kind: 'dead', error });
  return (await jobs.get(fence.job))!;
}

/** A job that runs. */
export async function claimedJob(installation: Installation, key: string) {
  const { jobs } = await installation.store();
  const { clock, actor } = installation;
  const { job } = await jobs.enqueue({ key, agent: 'digest', input: {}, maxAttempts: 2 }, actor);
  const claim = await jobs.claim({
    job: job!.id,
    instance: 'worker-1',
    leaseUntil: clock.now() + 60_000,
    maxRunningOfAgent: 4,
    source: null,
  });
  return claim!.fence;
}
