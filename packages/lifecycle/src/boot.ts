import { dirname, resolve } from 'node:path';
import {
  systemClock,
  toError,
  uuidv7,
  type Clock,
  type ProcessRef,
  type Settings,
} from '@nightshift/domain';
import { processEnvironment, type Environment } from './environment.ts';
import { loadSettings } from './load-config.ts';
import { openLog, type Log } from './logger.ts';
import type { Processes } from './process-identity.ts';
import { checkRuntime } from './runtime.ts';
import { secretRefs } from './secret-refs.ts';
import { parseServiceArgs } from './service-args.ts';
import type { BootContext, ServiceDefinition, ServiceStore } from './service-context.ts';
import { registeredInstallation, registeredStateDir } from './registered.ts';
import { stateDir } from './state-dir.ts';

/** What a service is started from; all have defaults. */
export interface ServiceHost {
  readonly argv?: readonly string[];
  readonly cwd?: string;
  readonly environment?: Environment;
  readonly clock?: Clock;
  readonly processes?: Processes;
}

/** The part of a boot that needs no settings. @throws NightshiftError 78 */
export function openBoot<S extends ServiceStore>(
  definition: ServiceDefinition<S>,
  host: ServiceHost,
): BootContext {
  const { clock = systemClock, cwd = process.cwd() } = host;
  const environment = host.environment ?? processEnvironment();
  checkRuntime(environment, process.versions.node);
  const args = parseServiceArgs(host.argv ?? process.argv.slice(2));
  const config = args.config === undefined ? null : resolve(cwd, args.config);
  const paths = stateDir({
    flag: args.stateDir,
    cwd,
    environment,
    // A service without a configuration of its own is nobody's: units name theirs.
    registered: config === null ? undefined : registeredStateDir(config, registeredInstallation()),
    configDir: config === null ? cwd : dirname(config),
    create: definition.createStateDir ?? false,
  });
  const instance = uuidv7(clock);
  const log = openLog({
    dir: paths.logs,
    service: definition.name,
    instance,
    clock,
    secrets: () => environment.secretValues(),
    verbose: args.verbose,
  });
  return { name: definition.name, instance, cwd, args, paths, environment, clock, log };
}

/** What the settings came from. */
export interface BootSettings {
  readonly settings: Settings;
  readonly environment: Environment;
  /** Why these are the last good ones; null when they are the file's. */
  readonly error: Error | null;
}

/**
 * The settings, or the last good ones where a service may come up on them. @throws NightshiftError
 */
export async function settingsFor<S extends ServiceStore>(
  definition: ServiceDefinition<S>,
  boot: BootContext,
): Promise<BootSettings> {
  try {
    const loaded = await loadSettings({
      configFile: boot.args.config,
      cwd: boot.cwd,
      environment: boot.environment,
      ...(definition.checkCron === undefined ? {} : { checkCron: definition.checkCron }),
    });
    loaded.environment.expect(secretRefs(loaded.settings));
    await definition.resilient?.saveLastGood(boot, loaded.settings);
    return { ...loaded, error: null };
  } catch (thrown) {
    const last = await definition.resilient?.loadLastGood(boot);
    if (last === undefined || last === null) throw thrown;
    boot.environment.expect(secretRefs(last));
    const error = toError(thrown);
    boot.log.error('settings-invalid', 'running on the last good settings', { error });
    return { settings: last, environment: boot.environment, error };
  }
}

/** Where the system hides what proves a process, the row names nothing that could be signalled. */
export function identityOf(processes: Processes, log: Log): ProcessRef {
  const ref = processes.ref(process.pid);
  if (ref !== null) return ref;
  log.warn(
    'identity-hidden',
    'the system does not tell boot id or start time: no takeover by proof',
  );
  return { pid: process.pid, startTicks: 0, bootId: '', pidNamespace: '' };
}
