import { join } from 'node:path';
import { STOP_TIMEOUT_MS } from '@nightshift/domain';
import { serviceFlags, serviceEnvironment, statePaths } from '@nightshift/lifecycle';
import { SUPERVISED, type Supervised } from '../service-process.ts';
import { requireWritable, type Place, type PlannedFile } from './place.ts';
import { type Entry, propertyList } from './property-list.ts';

/** Where launchd looks for what an administrator added. */
export const DAEMON_DIR = '/Library/LaunchDaemons';

/** What launchd is told: a daemon of the machine, or an agent of one user's session. */
export type LaunchdKind = 'daemon' | 'agent';

/**
 * The property lists of launchd for one place: three daemons with a user of their own, or with
 * `agent` three agents that run as whoever is logged in. `dir` is where they go.
 * @throws NightshiftError `path-unusable` (78)
 */
export function launchdFiles(
  place: Place,
  kind: LaunchdKind = 'daemon',
  dir: string = DAEMON_DIR,
): readonly PlannedFile[] {
  requireWritable(place);
  return SUPERVISED.map((service) => ({
    path: join(dir, `nightshift.${service}.plist`),
    text: propertyList(entries(service, place, kind)),
    mode: 0o644,
  }));
}

/** Something that launchd starts at its times, and that ends. */
export interface LaunchdOnce {
  /** After `nightshift.` in its label. */
  readonly name: string;
  /** The words of the command. */
  readonly words: readonly string[];
  /** launchd.plist(5): each says a time of the machine's own zone; what is left out is any. */
  readonly times: readonly Readonly<Partial<Record<'Minute' | 'Hour' | 'Weekday', number>>>[];
}

const FIVE_MINUTES = Array.from({ length: 12 }, (_, i) => ({ Minute: 5 * i }));
const WATCH: LaunchdOnce = { name: 'watch', words: ['watch', '--once'], times: FIVE_MINUTES };
export const LAUNCHD_BACKUP: LaunchdOnce = {
  name: 'backup',
  words: ['backup', '--keep', '14'],
  times: [{ Hour: 4, Minute: 30 }],
};

/** The scheduled shape, without services: one agent at six, a look each five minutes, the backup. */
export function launchdScheduled(agent: string): readonly LaunchdOnce[] {
  const run = { name: `run.${agent}`, words: ['run', agent], times: [{ Hour: 6, Minute: 0 }] };
  return [run, WATCH, LAUNCHD_BACKUP];
}

/** Property lists for what runs at its times. @throws NightshiftError `path-unusable` (78) */
export function launchdOnceFiles(
  place: Place,
  list: readonly LaunchdOnce[],
  dir: string = DAEMON_DIR,
): readonly PlannedFile[] {
  requireWritable(place);
  return list.map((once) => ({
    path: join(dir, `nightshift.${once.name}.plist`),
    text: propertyList(onceEntries(once, place)),
    mode: 0o644,
  }));
}

function onceEntries({ name, words, times }: LaunchdOnce, place: Place): readonly Entry[] {
  const { program, node, config, stateDir } = place;
  const cli = join(program, 'packages/cli/src/main.ts');
  const at = ['--config', config, '--state-dir', stateDir];
  return [
    { key: 'Label', value: `nightshift.${name}` },
    ...owner(place),
    { key: 'WorkingDirectory', value: program },
    { key: 'ProgramArguments', value: [node, cli, ...at, ...words] },
    environment(place),
    {
      key: 'StartCalendarInterval',
      value: times,
      why: [
        'Yours to change. Not StartInterval: a time that the Mac slept through is made up for once,',
        'when it wakes. A Mac that is off makes up for nothing.',
      ],
    },
    exitTimeOut(),
    ...ordinary(name, place),
  ];
}

function entries(service: Supervised, place: Place, kind: LaunchdKind): readonly Entry[] {
  const main = join(place.program, 'services', service, 'src/main.ts');
  const at = ['--config', place.config, '--state-dir', place.stateDir];
  return [
    { key: 'Label', value: `nightshift.${service}` },
    ...(kind === 'daemon' ? owner(place) : session()),
    { key: 'WorkingDirectory', value: place.program },
    { key: 'ProgramArguments', value: [place.node, ...serviceFlags(service), main, ...at] },
    environment(place),
    { key: 'RunAtLoad', value: true },
    ...restarting(),
    exitTimeOut(),
    ...ordinary(service, place),
  ];
}

function environment({ stateDir }: Place): Entry {
  const { compileCache } = statePaths(stateDir);
  const path = '/usr/bin:/bin:/usr/sbin:/sbin';
  return {
    key: 'EnvironmentVariables',
    value: { ...serviceEnvironment(compileCache), PATH: path },
  };
}

function ordinary(name: string, { stateDir }: Place): readonly Entry[] {
  return [
    { key: 'ProcessType', value: 'Interactive' },
    {
      key: 'Umask',
      value: 0o077,
      why: ['0077, which a property list can only say in decimal.'],
    },
    {
      key: 'StandardErrorPath',
      value: join(statePaths(stateDir).logs, `stderr-${name}.log`),
      why: ['What a service says before its own log is open, and after.'],
    },
  ];
}

function owner({ user, group }: Place): readonly Entry[] {
  return [
    { key: 'UserName', value: user },
    { key: 'GroupName', value: group },
  ];
}

function session(): readonly Entry[] {
  const why = ['Also where nobody is logged in at the screen.'];
  return [{ key: 'LimitLoadToSessionType', value: ['Aqua', 'Background'], why }];
}

function restarting(): readonly Entry[] {
  return [
    {
      key: 'KeepAlive',
      value: true,
      why: [
        'Not SuccessfulExit=false: a service that the watchdog ended with SIGTERM exits 0 and must',
        'come back.',
      ],
    },
    {
      key: 'ThrottleInterval',
      value: 60,
      why: [
        'launchd has nothing like RestartPreventExitStatus: a service that refuses its configuration',
        '(78) is started again for ever, but only once a minute.',
      ],
    },
  ];
}

function exitTimeOut(): Entry {
  return {
    key: 'ExitTimeOut',
    value: STOP_TIMEOUT_MS / 1_000,
    why: ['The drain time is 20 s by default and must stay 5 s below this.'],
  };
}
