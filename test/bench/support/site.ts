import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, type ServiceName } from '@nightshift/domain';
import { serviceFlags, serviceEnvironment } from '@nightshift/lifecycle';
import { type Store, openStore, openWatchStore } from '@nightshift/store';
import { repoRoot, waitUntil } from '@nightshift/support';
import type { Program, Workspace } from './workspace.ts';

export type Service = Exclude<ServiceName, 'run'>;

export const SERVICES: readonly Service[] = ['scheduler', 'worker', 'watchdog'];

/** A complete installation in a folder of its own, whose services are the real ones. */
export interface Site {
  readonly dir: string;
  readonly store: Store;
  /** Starts a service with the flags and the environment that a supervisor gives it. */
  start(service: Service): Program;
}

/** An agent of `fixtures/agents`. */
export function agentFile(name: string): string {
  return join(repoRoot, 'test/bench/fixtures/agents', `${name}.ts`);
}

/**
 * Makes an installation.
 * @param config the configuration as the text of an expression; the helpers of `nightshift/config`
 *   are in scope
 */
export async function openSite(workspace: Workspace, config: string): Promise<Site> {
  const dir = workspace.folder('site');
  const stateDir = join(dir, 'state');
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(join(repoRoot, 'packages/nightshift'), join(dir, 'node_modules/nightshift'));
  writeFileSync(
    join(dir, 'nightshift.config.ts'),
    `import { defineConfig, ntfy } from 'nightshift/config';
     void ntfy;
     export default defineConfig(${config});\n`,
  );
  const store = await openStore({ stateDir, clock: systemClock, mode: 'create' });
  const watch = await openWatchStore({ stateDir, clock: systemClock });
  watch.store.close();
  workspace.onClose(() => store.close());
  const start = (service: Service): Program =>
    workspace.start(
      [
        ...serviceFlags(service),
        join(repoRoot, 'services', service, 'src/main.ts'),
        '--config',
        join(dir, 'nightshift.config.ts'),
        '--state-dir',
        stateDir,
      ],
      { cwd: dir, env: serviceEnvironment(join(stateDir, 'compile-cache')) },
    );
  return { dir, store, start };
}

/** Waits until the lives of these processes have all beaten. @returns ms since `since` */
export async function firstBeats(
  site: Site,
  programs: readonly Program[],
  since: number,
): Promise<number> {
  const pids = programs.map(({ pid }) => pid);
  const beaten = async (): Promise<boolean> => {
    const lives = await site.store.instances.current();
    return pids.every((pid) => lives.some((it) => it.pid === pid && it.loopSeq > 0));
  };
  await waitUntil(beaten, { what: 'a beat of each service', timeoutMs: 30_000, everyMs: 5 });
  return performance.now() - since;
}

/** Stops programs as a supervisor does. @throws Error when one does not end well. */
export async function stopAll(programs: readonly Program[]): Promise<void> {
  for (const program of programs) program.kill('SIGTERM');
  const codes = await Promise.all(programs.map((program) => program.exited));
  if (codes.some((code) => code !== 0)) throw new Error(`services ended with ${codes.join(', ')}`);
}
