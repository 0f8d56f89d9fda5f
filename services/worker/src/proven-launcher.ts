import type { Processes, ServiceContext } from '@nightshift/lifecycle';
import { type Launcher, chooseLauncher } from '@nightshift/sandbox';
import type { Store } from '@nightshift/store';

/**
 * The launcher for this life of the worker, after a probe child with exactly its flags has tried
 * every known way out. What a flag promises differs between versions of Node; what was tried does
 * not.
 * @throws NightshiftError `sandbox-open`, `launcher-missing` (78) when none holds
 */
export async function provenLauncher(
  context: ServiceContext<Store>,
  processes: Processes,
): Promise<Launcher> {
  const { clock, log, settings, store, instance } = context;
  const { launcher, report, passedOver } = await chooseLauncher(settings.sandbox, {
    clock,
    identify: (pid) => processes.ref(pid),
    extraExecArgv: childArgv(context),
  });
  for (const { name, why } of passedOver) {
    log.warn('launcher-passed-over', `${name}: ${why}`, { launcher: name });
  }
  await store.instances.proven(instance, launcher.name);
  const closed = `${report.denied.length} ways out are closed`;
  log.info('sandbox-proven', closed, { launcher: launcher.name });
  return launcher;
}

/**
 * More arguments to Node for every child. `NIGHTSHIFT_TEST_CLOCK` (see `checkRuntime` of lifecycle)
 * names the clock that tests preload; a child has an empty environment, so the clock takes its
 * settings from its own URL.
 */
export function childArgv({ environment }: ServiceContext<Store>): readonly string[] {
  const clock = environment.get('NIGHTSHIFT_TEST_CLOCK');
  return clock === undefined ? [] : [`--import=${clock}`];
}
