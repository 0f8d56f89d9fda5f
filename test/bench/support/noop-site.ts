import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serviceFlags, serviceEnvironment } from '@nightshift/lifecycle';
import { type Site, agentFile, openSite } from './site.ts';
import type { Program, Workspace } from './workspace.ts';

const WORKER = fileURLToPath(new URL('../fixtures/noop-worker.ts', import.meta.url));

/** An installation whose worker does nothing with its jobs. */
export interface NoopSite extends Site {
  /** @param jobs how many it enqueues and works off by itself; 0 to wait for others' */
  startWorker(jobs: number): Program;
}

/** Opens one with default settings, but that the one agent may run as often as the worker may. */
export async function openNoopSite(workspace: Workspace): Promise<NoopSite> {
  const entry = JSON.stringify(agentFile('first-line'));
  const site = await openSite(
    workspace,
    `{ agents: { bench: { entry: ${entry}, concurrency: 4 } } }`,
  );
  const config = join(site.dir, 'nightshift.config.ts');
  const { stateDir } = site.store;
  return {
    ...site,
    startWorker: (jobs) =>
      workspace.start(
        [...serviceFlags('worker'), WORKER, '--config', config, '--state-dir', stateDir],
        {
          cwd: site.dir,
          env: {
            ...serviceEnvironment(join(stateDir, 'compile-cache')),
            BENCH_JOBS: String(jobs),
          },
        },
      ),
  };
}
