import { EXIT, NightshiftError, type ServiceName } from '@nightshift/domain';
import { type Processes, systemProcesses } from '@nightshift/lifecycle';
import type { Installation } from './installation.ts';
import { migrateDatabases } from './migrate.ts';
import { SUPERVISED, startService } from './service-process.ts';
import { Supervisor, type SupervisorEvents } from './supervise/supervisor.ts';

export interface UpRequest {
  /** Working folder of the services. */
  readonly cwd: string;
  readonly events?: SupervisorEvents;
  /** From SIGTERM to SIGKILL, ms. */
  readonly stopMs?: number;
  /** Default: below the state folder. */
  readonly compileCache?: string;
  readonly processes?: Processes;
}

/**
 * Prepares an installation and starts its three services, each in a process of its own.
 *
 * @returns the supervisor, started; its `over` and `stop` are the caller's.
 * @throws NightshiftError (78) for a configuration or database that no service could use, and
 * `already-running` (1) when services of this state folder live already.
 */
export async function up(installation: Installation, request: UpRequest): Promise<Supervisor> {
  await installation.settings();
  await migrateDatabases(installation);
  await requireNobodyRunning(installation, request.processes ?? systemProcesses());
  return startServices(installation, request);
}

/** Starts the three services under a supervisor, on databases that are ready. */
export function startServices(installation: Installation, request: UpRequest): Supervisor {
  const { configFile, paths, environment, clock } = installation;
  const { cwd, compileCache, events, stopMs } = request;
  const cache = compileCache === undefined ? {} : { compileCache };
  const target = { configFile, paths, environment, cwd, ...cache };
  const supervisor = new Supervisor({
    clock,
    start: (service) => startService(service, target),
    ...(events === undefined ? {} : { events }),
    ...(stopMs === undefined ? {} : { stopMs }),
  });
  supervisor.start();
  return supervisor;
}

/**
 * Two sets of services on one state folder are safe, because every write is fenced, but never what
 * somebody meant.
 */
async function requireNobodyRunning(
  installation: Installation,
  processes: Processes,
): Promise<void> {
  const { instances } = await installation.store();
  const services: readonly ServiceName[] = SUPERVISED;
  for (const service of services) {
    const lives = await instances.running(service);
    const alive = lives.find((it) => processes.liveness(it) === 'alive');
    if (alive === undefined) continue;
    throw new NightshiftError('already-running', `the ${service} runs already (pid ${alive.pid})`, {
      at: installation.paths.dir,
      fix: 'nightshift status shows it; stop it first, or name another folder with --state-dir',
      exitCode: EXIT.failed,
    });
  }
}
