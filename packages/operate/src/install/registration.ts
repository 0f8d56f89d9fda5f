import { dirname } from 'node:path';
import { EXIT, NightshiftError } from '@nightshift/domain';
import { REGISTRATION_FILE } from '@nightshift/lifecycle';
import { type Host, thisHost } from './host.ts';
import type { Place } from './place.ts';
import type { SupervisorKind } from './plan.ts';

/** What was installed on this machine, for whoever takes it away again. */
export interface Registration {
  readonly schema: 1;
  readonly kind: SupervisorKind;
  readonly place: Place;
  readonly files: readonly string[];
  readonly stop: readonly (readonly string[])[];
  /** Somebody said that no alert needs to arrive. */
  readonly withoutAlerts: boolean;
}

/** What was installed here; null when nothing was, or it cannot be understood. */
export function readRegistration(host: Pick<Host, 'read'>): Registration | null {
  try {
    const read = JSON.parse(host.read(REGISTRATION_FILE) ?? 'null') as Registration | null;
    return read?.schema === 1 ? read : null;
  } catch {
    return null;
  }
}

export interface UninstallResult {
  readonly removed: readonly string[];
  /** What stays: state, secrets, user. */
  readonly kept: readonly string[];
}

/**
 * Stops what was installed and removes exactly the files that were written.
 * @throws NightshiftError `not-installed`, `not-root` (1)
 */
export function uninstall(host: Host = thisHost()): UninstallResult {
  const registration = readRegistration(host);
  if (registration === null) {
    throw refuse('not-installed', 'nothing was installed here', 'nightshift install --systemd');
  }
  if (!host.isRoot) throw refuse('not-root', 'this removes system files', 'run it with sudo');
  const { files, stop, place } = registration;
  const [first, ...after] = stop;
  if (first !== undefined) host.run(first[0] ?? '', first.slice(1));
  const removed = [...files, REGISTRATION_FILE].filter((it) => host.exists(it));
  for (const path of removed) host.remove(path);
  // Folders of drop-ins that nobody else uses.
  for (const dir of new Set(removed.map((it) => dirname(it)))) {
    if (dir.endsWith('.d')) host.removeEmptyFolder(dir);
  }
  for (const [command = '', ...args] of after) host.run(command, args);
  return { removed, kept: [place.stateDir, place.config, place.secretsFile, `user ${place.user}`] };
}

function refuse(code: string, message: string, fix: string): NightshiftError {
  return new NightshiftError(code, message, { fix, exitCode: EXIT.failed });
}
