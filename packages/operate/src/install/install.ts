import { dirname, isAbsolute, resolve } from 'node:path';
import { EXIT, NightshiftError, type Settings } from '@nightshift/domain';
import {
  CONFIG_NAME,
  REGISTRATION_FILE,
  type Sleeper,
  loadSettings,
  timerSleeper,
} from '@nightshift/lifecycle';
import { ownNode } from '../init/init.ts';
import { checkoutPath } from '../service-process.ts';
import { as, asUser, begin, failed, must, tryAs } from './commands.ts';
import { type Host, thisHost } from './host.ts';
import { type Place, type PlannedFile, defaultPlace } from './place.ts';
import { type InstallPlan, type SupervisorKind, installPlan } from './plan.ts';
import { type Registration, readRegistration } from './registration.ts';

export interface InstallRequest {
  readonly kind: SupervisorKind;
  readonly config?: string | undefined;
  readonly stateDir?: string | undefined;
  readonly user?: string | undefined;
  readonly cwd: string;
  readonly withoutAlerts: boolean;
  readonly host?: Host;
  readonly sleeper?: Sleeper;
  /** Called before each step. */
  readonly onStep?: (what: string) => void;
}

export interface InstallResult {
  readonly plan: InstallPlan;
  /** Files that were written; those that were as they should be are not among them. */
  readonly written: readonly string[];
  /** Channels that gave a receipt. */
  readonly receipts: readonly { readonly channel: string; readonly receipt: string | null }[];
  readonly warnings: readonly string[];
}

const STATE_DIRS: Readonly<Record<SupervisorKind, string>> = {
  systemd: '/var/lib/nightshift',
  launchd: '/usr/local/var/nightshift',
  cron: '/var/lib/nightshift',
};
const BWRAP = '/usr/bin/bwrap';
/** Looks until three services beat: a start takes some seconds on a small machine. */
const BEAT_LOOKS = 40;
const LOOK_MS = 1_000;

/** What an installation would write here. Touches nothing. @throws NightshiftError (78) */
export async function planInstall(request: InstallRequest): Promise<InstallPlan> {
  return (await facts(request)).plan;
}

/**
 * Installs for this machine, and shows that it works: files, user, database, services that beat,
 * and a message that somebody got. Run again it changes what differs and nothing else.
 *
 * @throws NightshiftError `not-root`, `supervisor-missing`, `program-unreadable`, `install-failed`,
 * `not-beating`, `no-receipt`, `user-missing` (1); `config-invalid` and its like (78)
 */
export async function install(request: InstallRequest): Promise<InstallResult> {
  const { host = thisHost(), kind, onStep = () => undefined } = request;
  const { plan, settings } = await facts(request);
  requireAble(host, kind);
  onStep(`user ${plan.place.user} and ${plan.place.stateDir}`);
  ensureUser(host, plan.place);
  onStep('databases');
  as(host, plan.place, ['migrate']);
  onStep('files');
  stopOther(host, kind);
  const written = writeAll(host, plan, request.withoutAlerts);
  const sleeper = request.sleeper ?? timerSleeper();
  for (const [command = '', ...args] of plan.clear) host.run(command, args);
  for (const command of plan.start) {
    onStep(command.join(' '));
    await begin(host, command, sleeper);
  }
  const resident = kind !== 'cron';
  if (resident) {
    onStep('waiting for three services to beat');
    await untilBeating(host, plan.place, sleeper);
  }
  onStep('a test message');
  const receipts = request.withoutAlerts ? [] : testMessage(host, plan.place);
  return { plan, written, receipts, warnings: warningsOf(request, settings, host) };
}

async function facts(request: InstallRequest): Promise<{ plan: InstallPlan; settings: Settings }> {
  const { host = thisHost(), kind, cwd } = request;
  const config = resolve(cwd, request.config ?? CONFIG_NAME);
  if (!host.exists(config)) throw configMissing(config);
  const { settings } = await loadSettings({ configFile: config, cwd });
  const stateDir = resolve(cwd, request.stateDir ?? STATE_DIRS[kind]);
  const user = request.user ?? 'nightshift';
  const place: Place = {
    ...defaultPlace(stateDir),
    program: checkoutPath('').replace(/\/$/, ''),
    node: ownNode(),
    config,
    user,
    group: user,
  };
  const bubblewrap = host.exists(BWRAP);
  return {
    plan: installPlan(kind, { place, settings, machineZone: host.timezone, bubblewrap }),
    settings,
  };
}

function requireAble(host: Host, kind: SupervisorKind): void {
  if (!host.isRoot) {
    throw failed('not-root', 'this writes system files', 'run it with sudo; --print shows them');
  }
  const missing =
    (kind === 'systemd' && !host.exists('/run/systemd/system')) ||
    (kind === 'launchd' && host.platform !== 'darwin') ||
    (kind === 'cron' && !host.exists('/etc/cron.d'));
  if (!missing) return;
  throw failed('supervisor-missing', `${kind} does not run this machine`, 'choose another shape');
}

/** The user, its state folder, and that it can read the program at all. */
function ensureUser(host: Host, place: Place): void {
  const { user, stateDir, node, config } = place;
  if (host.run('id', ['-u', user]).code !== 0) {
    // Which number is free is for whoever keeps the users of a Mac.
    if (host.platform === 'darwin') throw userMissing(user);
    const shell = ['--shell', '/usr/sbin/nologin'];
    const home = ['--home-dir', stateDir, '--no-create-home'];
    must(host, ['useradd', '--system', '--user-group', ...home, ...shell, user]);
  }
  const id = (flag: string): number => Number(must(host, ['id', flag, user]).trim());
  host.makeFolder(stateDir, 0o700, { uid: id('-u'), gid: id('-g') });
  if (!host.exists(place.secretsFile)) host.write(place.secretsFile, '', 0o640);
  // The services have them anyway; with this the command run as their user has them too.
  must(host, ['chown', `root:${place.group}`, place.secretsFile]);
  must(host, ['chmod', '0640', place.secretsFile]);
  if (asUser(host, user, [node, '--version']).code !== 0) {
    throw unreadable(user, node);
  }
  if (asUser(host, user, ['test', '-r', config]).code !== 0) {
    throw unreadable(user, config);
  }
}

/** What another supervisor runs would go on running when its files are gone. */
function stopOther(host: Host, kind: SupervisorKind): void {
  const before = readRegistration(host);
  if (before === null || before.kind === kind) return;
  for (const [command = '', ...args] of before.stop) host.run(command, args);
}

/** Only what differs. The registration first: it names what an interrupted run may leave behind. */
function writeAll(host: Host, plan: InstallPlan, withoutAlerts: boolean): string[] {
  const { kind, place, files, stop } = plan;
  const before = readRegistration(host);
  const paths = files.map((it) => it.path);
  const gone = (before?.files ?? []).filter((it) => !paths.includes(it));
  const registration: Registration = { schema: 1, kind, place, files: paths, stop, withoutAlerts };
  const own: PlannedFile = {
    path: REGISTRATION_FILE,
    text: `${JSON.stringify(registration, null, 2)}\n`,
    mode: 0o644,
  };
  for (const path of gone) host.remove(path);
  const changed = [own, ...files].filter((it) => host.read(it.path) !== it.text);
  for (const { path, text, mode } of changed) host.write(path, text, mode);
  return changed.map((it) => it.path);
}

async function untilBeating(host: Host, place: Place, sleeper: Sleeper): Promise<void> {
  let bad = 'no answer';
  for (let look = 0; look < BEAT_LOOKS; look++) {
    const { stdout } = tryAs(host, place, ['status', '--json']);
    const services = servicesOf(stdout);
    const ill = services.filter((it) => !it.healthy || it.phase === 'starting');
    if (services.length > 0 && ill.length === 0) return;
    if (services.length > 0) bad = ill.map((it) => `${it.name} (${it.phase})`).join(', ');
    await sleeper.sleep(LOOK_MS);
  }
  const fix = 'journalctl -u "nightshift-*" -n 50, or nightshift logs, say why';
  throw failed('not-beating', `not healthy after ${BEAT_LOOKS} looks: ${bad}`, fix);
}

function servicesOf(
  stdout: string,
): readonly { readonly name: string; readonly healthy: boolean; readonly phase: string }[] {
  try {
    return (JSON.parse(stdout) as { services: ReturnType<typeof servicesOf> }).services ?? [];
  } catch {
    return [];
  }
}

function testMessage(host: Host, place: Place): InstallResult['receipts'] {
  const { stdout, stderr } = tryAs(host, place, ['alerts', 'test', '--json']);
  const channels = testsOf(stdout);
  const heard = channels.filter((it) => it.ok);
  if (heard.length > 0) return heard.map(({ channel, receipt }) => ({ channel, receipt }));
  const why = channels.map((it) => `${it.channel}: ${it.error}`).join('; ');
  throw failed(
    'no-receipt',
    `it is installed, but nobody would hear of trouble: ${why || stderr.trim() || 'no channel'}`,
    'add a channel to alerts.channels, then run this again; or say --without-alerts',
  );
}

interface Tested {
  readonly channel: string;
  readonly ok: boolean;
  readonly receipt: string | null;
  readonly error: string | null;
}

function testsOf(stdout: string): readonly Tested[] {
  try {
    const document = JSON.parse(stdout) as Record<string, unknown>;
    const list = Object.values(document).find((it) => Array.isArray(it));
    return (list ?? []) as readonly Tested[];
  } catch {
    return [];
  }
}

function warningsOf(request: InstallRequest, { alerts }: Settings, host: Host): readonly string[] {
  const warnings: string[] = [];
  if (request.withoutAlerts) warnings.push('no channel was tested: trouble may reach nobody');
  if (alerts.deadman === null) {
    warnings.push(
      'alerts.deadman names no external check: should this machine die, nobody is told',
    );
  }
  if (request.kind === 'systemd' && !host.exists(BWRAP)) {
    warnings.push('bubblewrap is not installed: agents have one wall around them, not two');
  }
  return warnings;
}

function configMissing(config: string): NightshiftError {
  return new NightshiftError('config-missing', 'there is no configuration here', {
    at: config,
    fix: 'name it: nightshift --config FILE install …; nightshift init writes one',
    exitCode: EXIT.config,
  });
}

function unreadable(user: string, path: string): NightshiftError {
  const top = isAbsolute(path) ? dirname(path) : path;
  return failed(
    'program-unreadable',
    `the user ${user} cannot use ${path}`,
    `move the checkout to /opt/nightshift, or let everybody enter the folders above ${top}`,
  );
}

function userMissing(user: string): NightshiftError {
  const fix = `make it: sysadminctl -addUser ${user} -roleAccount, or name another with --user`;
  return failed('user-missing', `this Mac has no user ${user}`, fix);
}
