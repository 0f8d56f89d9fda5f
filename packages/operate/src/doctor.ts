import { statSync } from 'node:fs';
import { NightshiftError, type Settings, errorFacts } from '@nightshift/domain';
import {
  checkRuntime,
  processEnvironment,
  registeredInstallation,
  registeredStateDir,
  systemProcesses,
} from '@nightshift/lifecycle';
import { sqliteVersion } from '@nightshift/store';
import { testChannels } from './alerts.ts';
import { checkConfiguration } from './check.ts';
import * as machine from './doctor/machine-facts.ts';
import * as verdicts from './doctor/verdicts.ts';
import { type Installation, type InstallationRequest, openInstallation } from './installation.ts';
import { SUPERVISED } from './service-process.ts';

/** One thing that was looked at. */
export interface Examination {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do, where something is wrong or could be better. */
  readonly fix: string | null;
}

export interface ExamineRequest extends Pick<InstallationRequest, 'config' | 'stateDir' | 'cwd'> {
  /** Sends a test message through every channel. */
  readonly send?: boolean;
}

/** Looks at this machine and this installation. Never throws: what fails is a finding. */
export async function examine(request: ExamineRequest): Promise<readonly Examination[]> {
  const found: Examination[] = [
    await look('node', () => {
      checkRuntime(processEnvironment(), process.version);
      return `${process.version} on ${process.platform} ${process.arch}`;
    }),
    await judge('sqlite', () => verdicts.sqliteVerdict(sqliteVersion())),
    await look('config', async () => {
      const { settings, agents } = await checkConfiguration(request);
      return `${settings.file ?? 'built in'}, ${agents.length} ${agents.length === 1 ? 'agent' : 'agents'}`;
    }),
    await judge('clock', () => verdicts.clockVerdict(machine.clockSynchronised())),
    await judge('walls', () =>
      verdicts.bubblewrapVerdict(process.platform, machine.bubblewrapWorks()),
    ),
    await judge('awake', () => verdicts.sleepVerdict(process.platform, machine.sleepsAfter())),
    await judge('units', () => verdicts.unitsVerdict(machine.unitStates())),
  ];
  return [...found, ...(await examineState(request))];
}

async function examineState(request: ExamineRequest): Promise<readonly Examination[]> {
  let installation: Installation;
  try {
    installation = openInstallation({ ...request, create: false });
  } catch (error) {
    return [broken('state', error)];
  }
  const { dir } = installation.paths;
  try {
    return [
      { name: 'state', ok: true, found: dir, fix: null },
      await judge('files', () => verdicts.fileSystemVerdict(machine.fileSystemOf(dir))),
      await judge('disk', () => verdicts.roomVerdict(machine.fileSystemOf(dir))),
      await judge('rights', () => {
        const { uid, mode } = statSync(dir);
        return verdicts.ownerVerdict({ uid, mode, me: process.getuid?.() ?? 0 });
      }),
      await look('database', () => examineDatabase(installation)),
      await judge('alone', () => doubles(installation)),
      await judge('install', () => {
        const registered = registeredInstallation();
        const own = registeredStateDir(installation.configFile, registered) !== undefined;
        const config = own && registered !== null ? registered.config : installation.configFile;
        return verdicts.installedVerdict({ stateDir: dir, config, registered });
      }),
      ...(await examineSettings(installation, request.send ?? false)),
    ];
  } finally {
    await installation.close();
  }
}

async function examineDatabase(installation: Installation): Promise<string> {
  const store = await installation.store();
  const { queued, running, dead } = await store.jobs.counts();
  const differences = await store.ledger.verify();
  if (differences.length > 0) {
    throw new NightshiftError('ledger-differs', `counters and rows differ: ${differences[0]}`, {
      fix: 'nightshift spend verify lists all of it',
    });
  }
  return `current schema, ledger agrees; ${queued} queued, ${running} running, ${dead} dead`;
}

async function doubles(installation: Installation): Promise<Examination> {
  const { instances } = await installation.store();
  const processes = systemProcesses();
  const alive: Record<string, number[]> = {};
  for (const service of SUPERVISED) {
    const lives = await instances.running(service);
    const pids = lives.filter((it) => processes.liveness(it) === 'alive').map((it) => it.pid);
    alive[service] = pids;
  }
  return verdicts.doublesVerdict(alive);
}

async function examineSettings(
  installation: Installation,
  send: boolean,
): Promise<readonly Examination[]> {
  let settings: Settings;
  try {
    settings = await installation.settings();
  } catch {
    // The configuration has its own line.
    return [];
  }
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return [
    verdicts.zoneVerdict(settings.timezone, here),
    await judge('caps', async () => {
      const { ledger } = await installation.store();
      return verdicts.capsVerdict(settings.version, await ledger.capsVersion());
    }),
    ...(isPaidByTable(settings) ? [await judge('prices', () => tableAge(installation))] : []),
    ...(await examineChannels(installation, settings, send)),
  ];
}

function isPaidByTable({ endpoints }: Settings): boolean {
  return endpoints.some(({ models }) => Object.values(models).some((it) => it.kind === 'table'));
}

/** Loaded late: the table is large. */
async function tableAge({ clock }: Installation): Promise<Examination> {
  const { priceTableAge } = await import('@nightshift/broker/prices');
  return verdicts.pricesVerdict(priceTableAge(clock.now()));
}

async function examineChannels(
  installation: Installation,
  { alerts }: Settings,
  send: boolean,
): Promise<readonly Examination[]> {
  const names = alerts.channels.map((it) => it.name);
  if (names.length === 0) {
    const fix = 'add one to alerts.channels: ntfy() needs nothing but a name';
    return [{ name: 'alerts', ok: false, found: 'no channel: trouble reaches nobody', fix }];
  }
  if (!send) {
    const fix = 'nightshift doctor --send proves them with a message';
    return [{ name: 'alerts', ok: true, found: `${names.join(', ')}, not tried`, fix }];
  }
  try {
    const tests = await testChannels(installation, { title: 'Test: nightshift doctor asks' });
    return tests.map(({ channel, ok, receipt, error }) => ({
      name: 'alerts',
      ok,
      found: `${channel}: ${ok ? `receipt ${receipt}` : error}`,
      fix: ok ? null : 'see the section channel-broken of RUNBOOK.md',
    }));
  } catch (error) {
    return [broken('alerts', error)];
  }
}

async function look(name: string, find: () => string | Promise<string>): Promise<Examination> {
  return judge(name, async () => ({ name, ok: true, found: await find(), fix: null }));
}

async function judge(
  name: string,
  find: () => Examination | Promise<Examination>,
): Promise<Examination> {
  try {
    return await find();
  } catch (error) {
    return broken(name, error);
  }
}

function broken(name: string, error: unknown): Examination {
  const fix = error instanceof NightshiftError ? (error.fix ?? null) : null;
  return { name, ok: false, found: errorFacts(error).message, fix };
}
