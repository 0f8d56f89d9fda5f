import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Job, systemClock } from '@nightshift/domain';
import { serviceFlags } from '@nightshift/lifecycle';
import { type Store, openStore, openWatchStore } from '@nightshift/store';
import {
  type Child,
  onCleanup,
  repoRoot,
  spawnNode,
  tempDir,
  waitUntil,
} from '@nightshift/support';

export type Service = 'scheduler' | 'worker' | 'watchdog';

/** A complete installation in a temporary folder: configuration, state, real service processes. */
export interface Site {
  readonly dir: string;
  readonly stateDir: string;
  readonly store: Store;
  /** Starts a service once. */
  start(service: Service): Child;
  /** Starts a service and starts it again whenever it ends, as its supervisor would. */
  supervise(service: Service): Supervised;
  enqueue(agent: string, input?: unknown, maxAttempts?: number): Promise<string>;
  /** Waits until a job is in a final state and returns it. */
  ended(job: string, timeoutMs?: number): Promise<Job>;
  /** Writes the configuration anew; services read it when they start. */
  configure(config: string): void;
  /** Everything the services wrote to their logs, parsed. */
  logs(): Record<string, unknown>[];
}

export interface Supervised {
  readonly current: Child;
  /** How often it was started. */
  readonly starts: number;
  /** Stops it for good, gracefully. @returns its exit code */
  stop(): Promise<number | null>;
}

/** Times at which a scenario takes seconds, in the proportions of the defaults. */
export const QUICK_TIMES = {
  tick: '100ms',
  beat: '100ms',
  silent: '1500ms',
  termGrace: '500ms',
  lease: '3s',
  leaseRenew: '500ms',
  drain: '1s',
  recover: '10s',
} as const;

/** Path of a fixture agent. */
export function fixtureAgent(name: string): string {
  return path.join(repoRoot, 'test/fixtures/agents', `${name}.ts`);
}

/**
 * Makes an installation.
 * @param config the configuration as the text of an expression; `helpers` of nightshift/config are in
 *   scope
 * @param env what the services find in their environment
 */
export async function openSite(config: string, env: Record<string, string> = {}): Promise<Site> {
  const dir = tempDir();
  const stateDir = path.join(dir, 'state');
  mkdirSync(path.join(dir, 'node_modules'));
  symlinkSync(
    path.join(repoRoot, 'packages/nightshift'),
    path.join(dir, 'node_modules/nightshift'),
  );
  const configure = (text: string): void => writeConfig(dir, text);
  configure(config);
  const store = await openStore({ stateDir, clock: systemClock, mode: 'create' });
  const watch = await openWatchStore({ stateDir, clock: systemClock });
  watch.store.close();
  onCleanup(() => store.close());
  const start = (service: Service): Child =>
    spawnNode(
      [
        ...serviceFlags(service),
        path.join(repoRoot, 'services', service, 'src/main.ts'),
        '--config',
        path.join(dir, 'nightshift.config.ts'),
        '--state-dir',
        stateDir,
      ],
      { cwd: dir, env },
    );
  return {
    dir,
    stateDir,
    store,
    start,
    supervise: (service) => supervise(() => start(service)),
    async enqueue(agent, input = {}, maxAttempts = 3) {
      const { job } = await store.jobs.enqueue(
        { key: crypto.randomUUID(), agent, input: input as never, maxAttempts },
        { kind: 'person', name: 'test' },
      );
      return job?.id ?? '';
    },
    ended: (job, timeoutMs = 30_000) =>
      waitUntil(
        async () => {
          const found = await store.jobs.get(job);
          return found !== null && ['done', 'dead', 'cancelled'].includes(found.state) && found;
        },
        { what: `job ${job} to end`, timeoutMs, everyMs: 25 },
      ) as Promise<Job>,
    configure,
    logs: () => readLogs(path.join(stateDir, 'logs')),
  };
}

function writeConfig(dir: string, config: string): void {
  writeFileSync(
    path.join(dir, 'nightshift.config.ts'),
    `import { appendFile, defineConfig, discord, env, extractive, ntfy, ollama, openaiCompatible, webhookPost } from 'nightshift/config';
     void [appendFile, webhookPost, discord, env, extractive, ntfy, ollama, openaiCompatible];
     export default defineConfig(${config});\n`,
  );
}

function supervise(start: () => Child): Supervised {
  let current = start();
  let starts = 1;
  let stopping = false;
  const watch = async (child: Child): Promise<void> => {
    await child.exited;
    if (stopping) return;
    current = start();
    starts++;
    await watch(current);
  };
  void watch(current);
  onCleanup(() => {
    stopping = true;
  });
  return {
    get current() {
      return current;
    },
    get starts() {
      return starts;
    },
    async stop() {
      stopping = true;
      current.kill('SIGTERM');
      return (await current.exited).code;
    },
  };
}

function readLogs(dir: string): Record<string, unknown>[] {
  return readdirSync(dir).flatMap((file) =>
    readFileSync(path.join(dir, file), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
}
