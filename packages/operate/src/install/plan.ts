import { EXIT, NightshiftError, type Settings } from '@nightshift/domain';
import { SUPERVISED } from '../service-process.ts';
import { cronFiles } from './cron.ts';
import { LAUNCHD_BACKUP, launchdFiles, launchdOnceFiles } from './launchd.ts';
import { requireWritable, type Place, type PlannedFile } from './place.ts';
import { bubblewrapFiles, systemdFiles } from './systemd.ts';
import { wrapperFile } from './wrapper.ts';

export const SUPERVISORS = ['systemd', 'launchd', 'cron'] as const;
export type SupervisorKind = (typeof SUPERVISORS)[number];

/** What will be written, and what is asked of the supervisor after that. */
export interface InstallPlan {
  readonly kind: SupervisorKind;
  readonly place: Place;
  readonly files: readonly PlannedFile[];
  /** Comes before the start and may fail: what does not run yet needs no end. */
  readonly clear: readonly (readonly string[])[];
  /** Commands in order; each must succeed. */
  readonly start: readonly (readonly string[])[];
  /** Their opposite. May fail: what is gone needs no stop. */
  readonly stop: readonly (readonly string[])[];
}

export interface PlanFacts {
  readonly place: Place;
  readonly settings: Settings;
  readonly machineZone: string;
  readonly bubblewrap: boolean;
}

const UNITS = [...SUPERVISED.map((it) => `nightshift-${it}.service`), 'nightshift.target'];
const TIMER = 'nightshift-backup.timer';

/** Pure. @throws NightshiftError `path-unusable`, `cron-cannot` (78) */
export function installPlan(kind: SupervisorKind, facts: PlanFacts): InstallPlan {
  const { place } = facts;
  requireWritable(place);
  if (!/^[a-z_][a-z0-9_-]*$/.test(place.user)) throw badUser(place.user);
  return { systemd, launchd, cron }[kind](facts);
}

function systemd({ place, bubblewrap }: PlanFacts): InstallPlan {
  const walls = bubblewrap ? bubblewrapFiles() : [];
  return {
    kind: 'systemd',
    place,
    files: [...systemdFiles(place), ...walls, wrapperFile(place)],
    clear: [],
    start: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', ...UNITS, TIMER],
      // Restart, not start: what runs already may run an older unit.
      ['systemctl', 'restart', ...UNITS.slice(0, -1)],
      ['systemctl', 'start', 'nightshift.target', TIMER],
    ],
    stop: [
      ['systemctl', 'disable', '--now', ...UNITS, TIMER],
      ['systemctl', 'daemon-reload'],
    ],
  };
}

function launchd({ place }: PlanFacts): InstallPlan {
  const files = [...launchdFiles(place), ...launchdOnceFiles(place, [LAUNCHD_BACKUP])];
  const labels = [...SUPERVISED, LAUNCHD_BACKUP.name].map((it) => `system/nightshift.${it}`);
  const stop = labels.map((label) => ['launchctl', 'bootout', label]);
  return {
    kind: 'launchd',
    place,
    files: [...files, wrapperFile(place, 'darwin')],
    // launchd takes no label twice, and reads a property list only then.
    clear: stop,
    start: files.map(({ path }) => ['launchctl', 'bootstrap', 'system', path]),
    stop,
  };
}

/** cron reads its folder by itself. */
function cron({ place, settings, machineZone }: PlanFacts): InstallPlan {
  const files = [...cronFiles(place, settings, machineZone), wrapperFile(place)];
  return { kind: 'cron', place, files, clear: [], start: [], stop: [] };
}

function badUser(user: string): NightshiftError {
  return new NightshiftError('bad-user', `no user can be called ${JSON.stringify(user)}`, {
    at: '--user',
    fix: 'small letters, digits, - and _',
    exitCode: EXIT.usage,
  });
}
