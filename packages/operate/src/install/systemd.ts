import { join } from 'node:path';
import { EXIT, NightshiftError, STOP_TIMEOUT_MS } from '@nightshift/domain';
import { RESTART_DELAY_SEC, serviceFlags, serviceEnvironment } from '@nightshift/lifecycle';
import { statePaths } from '@nightshift/lifecycle';
import { SUPERVISED, type Supervised } from '../service-process.ts';
import { requireWritable, type Place, type PlannedFile } from './place.ts';
import { commandLine, plain, quoted } from './unit-words.ts';

/** Where an administrator's units lie. */
export const UNIT_DIR = '/etc/systemd/system';

const UNIT_TARGET = 'nightshift.target';

const SUMMARY: Readonly<Record<Supervised, string>> = {
  scheduler: 'decides what is due and writes it',
  worker: 'runs jobs, each in a sandboxed child',
  watchdog: 'sees, tells, ends what is wedged',
};

/**
 * The units of systemd for one place. The files in `infra/systemd` are these, for the places that
 * infra/README.md names. What each directive is for stands beside it, once.
 * @throws NightshiftError `path-unusable` (78)
 */
export function systemdFiles(place: Place): readonly PlannedFile[] {
  requireWritable(place);
  requireExecutable(place.node);
  const file = (name: string, lines: readonly string[]): PlannedFile => ({
    path: join(UNIT_DIR, name),
    text: `${lines.join('\n')}\n`,
    mode: 0o644,
  });
  return [
    ...SUPERVISED.map((it) => file(`nightshift-${it}.service`, serviceUnit(it, place))),
    file(UNIT_TARGET, targetUnit(place)),
    ...ONCE.flatMap((it) => [
      file(`${it.name}.service`, onceUnit(it, place)),
      file(`${it.name}.timer`, timerUnit(it, place)),
    ]),
  ];
}

/** Units that start agents. */
const STARTING_AGENTS = ['nightshift-worker.service', 'nightshift-run@.service'] as const;

/**
 * What lets a unit put bubblewrap around each agent, for machines that have it: a namespace of each
 * kind, the system calls that build one, and a /proc without anything mounted over it, because the
 * kernel gives a child no fresh /proc where the old one is partly hidden.
 */
export function bubblewrapFiles(): readonly PlannedFile[] {
  const lines = [
    '# The worker may make namespaces, so that each agent gets its own network, processes and files:',
    '# a wall around agents in exchange for a weaker one around the worker.',
    '[Service]',
    'RestrictNamespaces=user pid net mnt ipc uts cgroup',
    'SystemCallFilter=@mount pivot_root capset',
    '# A fresh /proc is only given where the old one is whole.',
    'ProtectKernelTunables=no',
    'ProtectKernelLogs=no',
    'ProtectProc=default',
  ];
  return STARTING_AGENTS.map((unit) => ({
    path: join(UNIT_DIR, `${unit}.d`, 'bubblewrap.conf'),
    text: `${lines.join('\n')}\n`,
    mode: 0o644,
  }));
}

function serviceUnit(service: Supervised, place: Place): string[] {
  return [
    '[Unit]',
    `Description=Nightshift ${service}: ${SUMMARY[service]}`,
    documentation(place),
    `PartOf=${UNIT_TARGET}`,
    'Wants=network-online.target',
    'After=network-online.target',
    '# Never give up: the default limit leaves a service dead after five quick failures.',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    ...identity(place),
    `ExecStart=${commandLine(serviceWords(service, place))}`,
    '# Not on-failure: a service that the watchdog ended with SIGTERM exits 0 and must come back.',
    'Restart=always',
    `RestartSec=${RESTART_DELAY_SEC}`,
    '# 78: only a person can change what is wrong, so another start changes nothing.',
    `RestartPreventExitStatus=${EXIT.config}`,
    ...ending(),
    ...memory(service),
    ...hardening(place),
    '',
    '[Install]',
    `WantedBy=${UNIT_TARGET}`,
  ];
}

function targetUnit(place: Place): string[] {
  return [
    '[Unit]',
    'Description=Nightshift: scheduler, worker and watchdog',
    documentation(place),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
}

/** Something that runs once at its times, and ends. */
interface Once {
  readonly name: string;
  readonly what: string;
  /** The words of the command. */
  readonly words: readonly string[];
  readonly onCalendar: string;
}

/** The scheduled shape, without services, is the first two; the third belongs to either. */
const ONCE: readonly Once[] = [
  {
    name: 'nightshift-run@',
    what: 'run the agent %i once',
    words: ['run'],
    onCalendar: '*-*-* 06:00:00',
  },
  {
    name: 'nightshift-watch',
    what: 'look once, and tell',
    words: ['watch', '--once'],
    onCalendar: '*:0/5',
  },
  {
    name: 'nightshift-backup',
    what: 'copy everything into one file',
    words: ['backup', '--keep', '14'],
    onCalendar: '*-*-* 04:30:00',
  },
];

function onceUnit(once: Once, place: Place): string[] {
  const cli = join(place.program, 'packages/cli/src/main.ts');
  const command = commandLine([place.node, cli, ...placeWords(place), ...once.words]);
  return [
    '[Unit]',
    `Description=Nightshift: ${once.what}`,
    documentation(place),
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    'Type=oneshot',
    ...identity(place),
    `ExecStart=${command}${once.name.endsWith('@') ? ' %i' : ''}`,
    '# A gate said no, or the queue tries again by itself: both are told by other means.',
    `SuccessExitStatus=${EXIT.refused} ${EXIT.tryAgain}`,
    ...ending(),
    ...memory('worker'),
    ...hardening(place),
  ];
}

function timerUnit({ name, what, onCalendar }: Once, place: Place): string[] {
  return [
    '[Unit]',
    `Description=Nightshift: when to ${what}`,
    documentation(place),
    '',
    '[Timer]',
    `# Yours to change: systemctl edit ${name}${name.endsWith('@') ? 'AGENT' : ''}.timer`,
    `OnCalendar=${onCalendar}`,
    '# A time that the machine slept through is made up for once, after the next start.',
    'Persistent=yes',
    'RandomizedDelaySec=30',
    '',
    '[Install]',
    'WantedBy=timers.target',
  ];
}

/** systemd takes no program whose path holds quotes, backslashes or variables. */
function requireExecutable(node: string): void {
  if (!/["'\\$]/.test(node)) return;
  throw new NightshiftError('path-unusable', 'systemd starts no program of this path', {
    at: node,
    fix: 'move the checkout to a path without quotes, backslashes and dollars',
    exitCode: EXIT.config,
  });
}

function documentation({ program }: Place): string {
  return `Documentation=${encodeURI(`file://${program}/RUNBOOK.md`).replaceAll('%', '%%')}`;
}

/** Everything systemd starts for a service. */
function serviceWords(service: Supervised, place: Place): readonly string[] {
  const main = join(place.program, 'services', service, 'src/main.ts');
  return [place.node, ...serviceFlags(service), main, ...placeWords(place)];
}

function placeWords({ config, stateDir }: Place): readonly string[] {
  return ['--config', config, '--state-dir', stateDir];
}

function identity(place: Place): string[] {
  const { NODE_COMPILE_CACHE } = serviceEnvironment(statePaths(place.stateDir).compileCache);
  return [
    '# One user for all: processes of different users cannot signal each other.',
    `User=${place.user}`,
    `Group=${place.group}`,
    `WorkingDirectory=${plain(place.program)}`,
    '# Read by systemd as root; the services get the variables. May be missing.',
    `EnvironmentFile=-${plain(place.secretsFile)}`,
    `Environment=${quoted(`NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE}`, plain)}`,
  ];
}

function ending(): string[] {
  return [
    '# The drain time is 20 s by default and must stay 5 s below this.',
    `TimeoutStopSec=${STOP_TIMEOUT_MS / 1_000}`,
    '# SIGTERM goes to the service alone, which drains; what is left of its children when it is gone,',
    '# in whatever process group, is killed with the unit.',
    'KillMode=mixed',
  ];
}

function memory(service: Supervised): string[] {
  const last = ['# What tells about trouble is the last to go when memory runs out.'];
  return [
    '# A child that the kernel ends for its memory is a failed attempt, not the end of the service.',
    'OOMPolicy=continue',
    ...(service === 'watchdog' ? [...last, 'OOMScoreAdjust=-500'] : []),
    'TasksMax=256',
    'LimitNOFILE=8192',
    '# A core file would hold keys.',
    'LimitCORE=0',
  ];
}

function hardening(place: Place): string[] {
  return [
    ...writable(place),
    'UMask=0077',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'AmbientCapabilities=',
    'ProtectSystem=strict',
    `ProtectHome=${livesAtHome(place) ? 'read-only' : 'yes'}`,
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'DevicePolicy=closed',
    'PrivateMounts=yes',
    '# Not ProcSubset=pid: it hides the boot id, without which no process can be proven to be dead.',
    'ProtectProc=invisible',
    'ProtectKernelTunables=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelLogs=yes',
    'ProtectControlGroups=yes',
    'ProtectClock=yes',
    'ProtectHostname=yes',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'RemoveIPC=yes',
    'KeyringMode=private',
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
    '# The address where clouds hand out the credentials of a machine is a link-local one.',
    'IPAddressDeny=link-local multicast',
    'SystemCallArchitectures=native',
    '# Node asks for memory protection keys, which @system-service lacks. Never MemoryDenyWriteExecute:',
    '# a JIT compiler writes what it executes.',
    'SystemCallFilter=@system-service @pkey',
    'SystemCallFilter=~@privileged @obsolete',
    '# A refused call is an error to handle, not the end of the process.',
    'SystemCallErrorNumber=EPERM',
  ];
}

/** systemd makes and owns a folder below /var/lib; any other must exist and is opened for writing. */
function writable({ stateDir }: Place): string[] {
  const below = /^\/var\/lib\/([\w.-]+)$/.exec(stateDir)?.[1];
  if (below === undefined) return [`ReadWritePaths=${quoted(stateDir, plain)}`];
  return [`StateDirectory=${below}`, 'StateDirectoryMode=0700'];
}

function livesAtHome(place: Place): boolean {
  return [place.program, place.node, place.config, place.stateDir].some((it) =>
    /^\/(?:home|root|run\/user)\//.test(it),
  );
}
