import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Job, NightshiftError, systemClock } from '@nightshift/domain';
import { type Sleeper, timerSleeper } from '@nightshift/lifecycle';
import { type Installation, openInstallation } from '../installation.ts';
import { enqueue } from '../enqueue.ts';
import { LASTING_COMPILE_CACHE, type Supervised } from '../service-process.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { startServices } from '../up.ts';
import { migrateDatabases } from '../migrate.ts';
import { demoConfig } from './demo-config.ts';
import { type ModelEndpoint, startModelEndpoint } from './model-endpoint.ts';
import { repositoryAt } from './repository-at.ts';

/** Between two looks at a job, ms. */
const LOOK_MS = 40;
/** A first look that takes longer than this does not work on this machine. */
const JOB_MAX_MS = 60_000;
/** The services of a throw-away state have nothing to lose: stopping must not take long. */
const STOP_MS = 5_000;

/** Three services on a throw-away state folder, and a model's stand-in beside them. */
export interface FirstLook {
  /** Holds the configuration and the state; kept, because report, logs and database lie there. */
  readonly dir: string;
  readonly repository: string;
  readonly installation: Installation;
  readonly endpoint: ModelEndpoint;
  readonly supervisor: Supervisor;
  /** Enqueues an agent's job and follows it to its end. @throws NightshiftError when it never ends. */
  run(agent: string, onLook: (job: Job) => void | Promise<void>): Promise<Job>;
  /** Stops the services and the endpoint. Nothing runs afterwards. Legal twice. */
  close(): Promise<void>;
}

/**
 * Starts everything at once. Nothing is left behind when it fails.
 *
 * @param request.path of the repository, relative to `cwd`.
 * @throws NightshiftError `no-folder`, `no-repository` (64), and whatever keeps services from running.
 */
export async function openFirstLook(request: {
  readonly path: string;
  readonly cwd: string;
}): Promise<FirstLook> {
  const repository = repositoryAt(request.path, request.cwd);
  const clock = systemClock;
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-'));
  const endpoint = await startModelEndpoint(clock);
  const config = join(dir, 'nightshift.config.ts');
  const said: string[] = [];
  let installation: Installation | null = null;
  try {
    writeFileSync(config, demoConfig(repository, endpoint));
    installation = openInstallation({
      config,
      stateDir: join(dir, 'state'),
      cwd: dir,
      create: true,
    });
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => undefined);
    // Not `up`: the folder is new and the configuration ours, so there is nothing to look for.
    await migrateDatabases(installation);
    const supervisor = startServices(installation, {
      cwd: dir,
      stopMs: STOP_MS,
      compileCache: LASTING_COMPILE_CACHE,
      events: {
        said: (service, line) => void said.push(`${service}: ${line}`),
        ended: (service, end, again) => {
          if (again === null && end.code !== 0) failed.reject(cannotRun(service, said));
        },
      },
    });
    return assemble({ dir, repository, installation, endpoint, supervisor }, failed.promise);
  } catch (error) {
    await installation?.close();
    await endpoint.close();
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

type Parts = Omit<FirstLook, 'run' | 'close'>;

function assemble(parts: Parts, failed: Promise<never>): FirstLook {
  const sleeper = timerSleeper();
  return {
    ...parts,
    async run(agent, onLook) {
      const { job } = await enqueue(parts.installation, { agent });
      return Promise.race([failed, follow(parts.installation, job!.id, onLook, sleeper)]);
    },
    async close() {
      await parts.supervisor.stop();
      await parts.installation.close();
      await parts.endpoint.close();
    },
  };
}

async function follow(
  installation: Installation,
  id: string,
  onLook: (job: Job) => void | Promise<void>,
  sleeper: Sleeper,
): Promise<Job> {
  const { clock } = installation;
  const { jobs } = await installation.store();
  const until = clock.monotonic() + JOB_MAX_MS;
  while (clock.monotonic() < until) {
    const job = (await jobs.get(id))!;
    await onLook(job);
    if (job.state !== 'queued' && job.state !== 'running') return job;
    await sleeper.sleep(LOOK_MS);
  }
  throw new NightshiftError('job-stuck', `the job was not over after ${JOB_MAX_MS / 1000} s`, {
    at: id,
    fix: 'look into the logs; nightshift doctor looks at this machine',
  });
}

function cannotRun(service: Supervised, said: readonly string[]): NightshiftError {
  const words = said.slice(-8).join('\n');
  return new NightshiftError('service-failed', `the ${service} cannot run here\n${words}`, {
    fix: 'nightshift doctor looks at this machine',
  });
}
