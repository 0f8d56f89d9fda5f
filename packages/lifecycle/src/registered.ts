import { readFileSync, realpathSync } from 'node:fs';

/** Says what was installed on this machine. `nightshift install` writes it; everybody may read it. */
export const REGISTRATION_FILE = '/etc/nightshift/install.json';

/** What a process has to know of the installation of its machine. */
export interface Registered {
  /** Absolute path of the configuration it was installed for. */
  readonly config: string;
  readonly stateDir: string;
  /** Somebody said that no alert needs to arrive. */
  readonly withoutAlerts: boolean;
}

/** The installation of this machine; null when there is none, or it cannot be understood. */
export function registeredInstallation(file: string = REGISTRATION_FILE): Registered | null {
  try {
    const { schema, place, withoutAlerts } = JSON.parse(readFileSync(file, 'utf8')) as Written;
    if (schema !== 1 || typeof place?.config !== 'string') return null;
    if (typeof place.stateDir !== 'string') return null;
    const { config, stateDir } = place;
    return { config, stateDir, withoutAlerts: withoutAlerts === true };
  } catch {
    return null;
  }
}

/**
 * The state folder that was registered for `configFile`, or undefined. A command that reads another
 * configuration is about another installation: its budgets and agents must not get into this one.
 * With no configuration at all, null, it is about this one.
 */
export function registeredStateDir(
  configFile: string | null,
  registered: Registered | null,
): string | undefined {
  if (registered === null) return undefined;
  if (configFile === null) return registered.stateDir;
  return real(configFile) === real(registered.config) ? registered.stateDir : undefined;
}

interface Written {
  readonly schema?: unknown;
  readonly place?: { readonly config?: unknown; readonly stateDir?: unknown };
  readonly withoutAlerts?: unknown;
}

/** A deploy names the same file through the link to its newest release. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
