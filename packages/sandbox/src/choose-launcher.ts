import { access, constants } from 'node:fs/promises';
import { errorFacts, NightshiftError } from '@nightshift/domain';
import type { Launcher, LauncherName } from './launcher.ts';
import { BWRAP_FILES, bwrapLauncher } from './launchers/bwrap.ts';
import { directLauncher } from './launchers/direct.ts';
import { type ProbeOptions, type ProbeReport, probeSandbox } from './probe/probe-sandbox.ts';

/** A launcher, and the probe that proved it. */
export interface ChosenLauncher {
  readonly launcher: Launcher;
  readonly report: ProbeReport;
  /** Stronger launchers that were passed over, and why. */
  readonly passedOver: readonly { readonly name: LauncherName; readonly why: string }[];
}

/**
 * The launcher that was asked for, or with `auto` the strongest that its probe proves: bubblewrap
 * where it is installed and allowed to make namespaces, else Node's permission model alone.
 *
 * @throws NightshiftError `sandbox-open` when a way out is open, `launcher-missing`, `probe-failed`
 */
export async function chooseLauncher(
  wanted: LauncherName | 'auto',
  options: ProbeOptions,
): Promise<ChosenLauncher> {
  const passedOver: { name: LauncherName; why: string }[] = [];
  if (wanted !== 'direct') {
    try {
      return { ...(await proven(await findBwrap(), options)), passedOver };
    } catch (error) {
      if (wanted === 'bwrap') throw error;
      passedOver.push({ name: 'bwrap', why: errorFacts(error).message });
    }
  }
  return { ...(await proven(directLauncher, options)), passedOver };
}

async function proven(
  launcher: Launcher,
  options: ProbeOptions,
): Promise<Pick<ChosenLauncher, 'launcher' | 'report'>> {
  const report = await probeSandbox(launcher, options);
  if (report.ok) return { launcher, report };
  const ways = report.escaped.map((it) => it.name).join(', ');
  throw new NightshiftError('sandbox-open', `a child can get out by: ${ways}`, {
    at: `launcher ${launcher.name}`,
    fix: 'use the Node version of this release, without NODE_OPTIONS',
    exitCode: 78,
  });
}

async function findBwrap(): Promise<Launcher> {
  for (const file of BWRAP_FILES) {
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return bwrapLauncher(file);
  }
  throw new NightshiftError('launcher-missing', 'bubblewrap is not installed', {
    at: BWRAP_FILES[0],
    fix: 'apt-get install bubblewrap',
    exitCode: 78,
  });
}
