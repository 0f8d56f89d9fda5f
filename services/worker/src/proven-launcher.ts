import { EXIT, NightshiftError } from '@nightshift/domain';
import type { Processes, ServiceContext } from '@nightshift/lifecycle';
import { type Launcher, directLauncher, probeSandbox } from '@nightshift/sandbox';
import type { Store } from '@nightshift/store';

/**
 * The launcher for this life of the worker, after a probe child with exactly its flags has tried
 * every known way out. What a flag promises differs between versions of Node; what was tried does
 * not.
 * @throws NightshiftError `sandbox-open` (78) when a way out was found
 */
export async function provenLauncher(
  context: ServiceContext<Store>,
  processes: Processes,
): Promise<Launcher> {
  const report = await probeSandbox(directLauncher, {
    clock: context.clock,
    identify: (pid) => processes.ref(pid),
  });
  if (!report.ok) {
    const open = report.escaped.map(({ name, detail }) => `${name} (${detail})`).join(', ');
    throw new NightshiftError('sandbox-open', `the sandbox does not hold: ${open}`, {
      at: `launcher ${report.launcher}, Node ${process.version}`,
      fix: 'use the Node version of this release; nightshift doctor shows each attempt',
      exitCode: EXIT.config,
    });
  }
  const denied = report.denied.length;
  context.log.info('sandbox-proven', `${denied} ways out are closed`, {
    launcher: report.launcher,
  });
  return directLauncher;
}
