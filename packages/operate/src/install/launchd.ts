import { join } from 'node:path';
import { STOP_TIMEOUT_MS } from '@nightshift/domain';
import { SERVICE_FLAGS, serviceEnvironment, statePaths } from '@nightshift/lifecycle';
import { SUPERVISED, type Supervised } from '../service-process.ts';
import { requireWritable, type Place, type PlannedFile } from './place.ts';

/** Where launchd looks for what an administrator added. */
export const DAEMON_DIR = '/Library/LaunchDaemons';

/** What launchd is told: a daemon of the machine, or an agent of one user's session. */
export type LaunchdKind = 'daemon' | 'agent';

/** One value of a property list, and why it is what it is. */
interface Entry {
  readonly key: string;
  readonly value: string | number | true | readonly string[] | Readonly<Record<string, string>>;
  readonly why?: readonly string[];
}

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

function entries(service: Supervised, place: Place, kind: LaunchdKind): readonly Entry[] {
  const paths = statePaths(place.stateDir);
  const main = join(place.program, 'services', service, 'src/main.ts');
  const at = ['--config', place.config, '--state-dir', place.stateDir];
  const path = '/usr/bin:/bin:/usr/sbin:/sbin';
  return [
    { key: 'Label', value: `nightshift.${service}` },
    ...(kind === 'daemon' ? owner(place) : session()),
    { key: 'WorkingDirectory', value: place.program },
    { key: 'ProgramArguments', value: [place.node, ...SERVICE_FLAGS, main, ...at] },
    {
      key: 'EnvironmentVariables',
      value: { ...serviceEnvironment(paths.compileCache), PATH: path },
    },
    { key: 'RunAtLoad', value: true },
    ...restarting(),
    { key: 'ProcessType', value: 'Interactive' },
    {
      key: 'Umask',
      value: 0o077,
      why: ['0077, which a property list can only say in decimal.'],
    },
    {
      key: 'StandardErrorPath',
      value: join(paths.logs, `stderr-${service}.log`),
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
    {
      key: 'ExitTimeOut',
      value: STOP_TIMEOUT_MS / 1_000,
      why: ['The drain time is 20 s by default and must stay 5 s below this.'],
    },
  ];
}

function propertyList(list: readonly Entry[]): string {
  const lines = list.flatMap(({ key, value, why }) => [
    ...comment(why ?? []),
    `  <key>${key}</key>`,
    ...valueLines(value).map((it) => `  ${it}`),
  ]);
  const doctype =
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" ' +
    '"http://www.apple.com/DTDs/PropertyList-1.0.dtd">';
  const head = ['<?xml version="1.0" encoding="UTF-8"?>', doctype, '<plist version="1.0">'];
  return [...head, '<dict>', ...lines, '</dict>', '</plist>', ''].join('\n');
}

function comment(why: readonly string[]): string[] {
  if (why.length === 0) return [];
  const [first, ...rest] = why;
  return `  <!-- ${[first, ...rest.map((it) => `     ${it}`)].join('\n  ')} -->`.split('\n');
}

function valueLines(value: Entry['value']): string[] {
  if (value === true) return ['<true/>'];
  if (typeof value === 'number') return [`<integer>${value}</integer>`];
  if (typeof value === 'string') return [`<string>${escaped(value)}</string>`];
  if (Array.isArray(value)) {
    const strings = value as readonly string[];
    return ['<array>', ...strings.map((it) => `  <string>${escaped(it)}</string>`), '</array>'];
  }
  const pairs = Object.entries(value as Readonly<Record<string, string>>);
  const lines = pairs.flatMap(([name, it]) => [
    `  <key>${escaped(name)}</key>`,
    `  <string>${escaped(it)}</string>`,
  ]);
  return ['<dict>', ...lines, '</dict>'];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
