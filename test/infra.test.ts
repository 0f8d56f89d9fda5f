/**
 * The units as systemd reads them. They repeat what `nightshift up` does in code (flags,
 * environment, times), so each of those is compared with the code it repeats.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT, STOP_TIMEOUT_MS, type ServiceName } from '@nightshift/domain';
import {
  parseServiceArgs,
  RESTART_DELAY_SEC,
  serviceFlags,
  serviceEnvironment,
  statePaths,
} from '@nightshift/lifecycle';
import { repoRoot, tempDir } from '@nightshift/support';

const SERVICES = ['scheduler', 'worker', 'watchdog'] as const;
const PROGRAM = '/opt/nightshift';
const NODE = `${PROGRAM}/node_modules/node/bin/node`;
const CONFIG = `${PROGRAM}/nightshift.config.ts`;
const SYSTEMD = join(repoRoot, 'infra/systemd');

/** Everything a supervisor starts for a service, from the code that `nightshift up` uses. */
function command(service: ServiceName, stateDir: string): readonly string[] {
  const main = `${PROGRAM}/services/${service}/src/main.ts`;
  return [NODE, ...serviceFlags(service), main, '--config', CONFIG, '--state-dir', stateDir];
}

/** Nothing but what a service needs. What is missing on purpose: MemoryDenyWriteExecute, ProcSubset. */
const HARDENING = {
  UMask: '0077',
  NoNewPrivileges: 'yes',
  CapabilityBoundingSet: '',
  AmbientCapabilities: '',
  ProtectSystem: 'strict',
  ProtectHome: 'yes',
  PrivateTmp: 'yes',
  PrivateDevices: 'yes',
  DevicePolicy: 'closed',
  PrivateMounts: 'yes',
  ProtectProc: 'invisible',
  ProtectKernelTunables: 'yes',
  ProtectKernelModules: 'yes',
  ProtectKernelLogs: 'yes',
  ProtectControlGroups: 'yes',
  ProtectClock: 'yes',
  ProtectHostname: 'yes',
  RestrictNamespaces: 'yes',
  RestrictRealtime: 'yes',
  RestrictSUIDSGID: 'yes',
  LockPersonality: 'yes',
  RemoveIPC: 'yes',
  KeyringMode: 'private',
  RestrictAddressFamilies: 'AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  IPAddressDeny: 'link-local multicast',
  SystemCallArchitectures: 'native',
  SystemCallFilter: '@system-service @pkey; ~@privileged @obsolete',
  SystemCallErrorNumber: 'EPERM',
} as const;

interface Directive {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

/** systemd.syntax(7) as far as these files use it: sections, `Name=value`, comments on own lines. */
function parseUnit(text: string): readonly Directive[] {
  let section = '';
  return text.split('\n').flatMap((line) => {
    if (line === '' || /^[#;]/.test(line)) return [];
    const heading = /^\[(\w+)\]$/.exec(line)?.[1];
    if (heading !== undefined) {
      section = heading;
      return [];
    }
    const [, name = '', value = ''] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (name === '') throw new Error(`not a line of a unit: ${line}`);
    return [{ section, name, value }];
  });
}

function unitText(name: string): string {
  return readFileSync(join(SYSTEMD, name), 'utf8');
}

function directives(name: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  for (const { section, name: key, value } of parseUnit(unitText(name))) {
    const known = (sections[section] ??= {});
    // A filter is said in steps that add up; anything else that is said twice is a slip.
    if (key in known && key !== 'SystemCallFilter') throw new Error(`${name} says ${key} twice`);
    known[key] = key in known ? `${known[key]}; ${value}` : value;
  }
  return sections;
}

test('there is a unit for each service and each time, and nothing else', () => {
  const units = SERVICES.map((it) => `nightshift-${it}.service`);
  const scheduled = ['run@', 'watch', 'backup'].flatMap((it) =>
    ['service', 'timer'].map((kind) => `nightshift-${it}.${kind}`),
  );
  const all = [...units, ...scheduled, 'nightshift.target', 'bubblewrap.conf'];
  expect(readdirSync(SYSTEMD).sort()).toEqual(all.sort());
});

test.each(SERVICES)('the %s that the supervisors start is a program that is here', (service) => {
  const [, ...args] = command(service, '/state');
  const main = args.find((it) => it.endsWith('main.ts')) ?? '';
  expect(existsSync(main.replace(PROGRAM, repoRoot))).toBe(true);
  expect(existsSync(NODE.replace(PROGRAM, repoRoot))).toBe(true);
  const given = args.slice(args.indexOf(main) + 1);
  expect(parseServiceArgs(given)).toMatchObject({ config: CONFIG, stateDir: '/state' });
});

describe.each(SERVICES)('the unit of the %s', (service) => {
  const state = '/var/lib/nightshift';
  const unit = directives(`nightshift-${service}.service`);

  test('belongs to the target and has no start limit', () => {
    expect(unit['Unit']).toEqual({
      Description: expect.stringMatching(`^Nightshift ${service}: `),
      Documentation: `file://${PROGRAM}/RUNBOOK.md`,
      PartOf: 'nightshift.target',
      Wants: 'network-online.target',
      After: 'network-online.target',
      StartLimitIntervalSec: '0',
    });
    expect(unit['Install']).toEqual({ WantedBy: 'nightshift.target' });
  });

  test('starts what nightshift up starts', () => {
    const { ExecStart, Environment } = unit['Service'] ?? {};
    expect(ExecStart?.split(' ')).toEqual(command(service, state));
    const { NODE_COMPILE_CACHE } = serviceEnvironment(statePaths(state).compileCache);
    expect(Environment).toBe(`NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE}`);
  });

  test('says each directive, and no other', () => {
    const { ExecStart: _command, Environment: _environment, ...rest } = unit['Service'] ?? {};
    expect(rest).toEqual({
      Type: 'exec',
      User: 'nightshift',
      Group: 'nightshift',
      WorkingDirectory: PROGRAM,
      EnvironmentFile: '-/etc/nightshift/nightshift.env',
      Restart: 'always',
      RestartSec: String(RESTART_DELAY_SEC),
      RestartPreventExitStatus: String(EXIT.config),
      TimeoutStopSec: String(STOP_TIMEOUT_MS / 1_000),
      KillMode: 'mixed',
      OOMPolicy: 'continue',
      ...(service === 'watchdog' ? { OOMScoreAdjust: '-500' } : {}),
      TasksMax: '256',
      LimitNOFILE: '8192',
      LimitCORE: '0',
      StateDirectory: 'nightshift',
      StateDirectoryMode: '0700',
      ...HARDENING,
    });
  });
});

test.each([
  ['run@', ['run', '%i'], '*-*-* 06:00:00'],
  ['watch', ['watch', '--once'], '*:0/5'],
  ['backup', ['backup', '--keep', '14'], '*-*-* 04:30:00'],
])('the unit of %s is as guarded, and ends cleanly where a gate said no', (name, words, when) => {
  const { Unit, Service } = directives(`nightshift-${name}.service`);
  expect(Unit).not.toHaveProperty('PartOf');
  expect(Service).toMatchObject({ ...HARDENING, Type: 'oneshot', KillMode: 'mixed' });
  expect(Service?.['SuccessExitStatus']).toBe(`${EXIT.refused} ${EXIT.tryAgain}`);
  expect(Service?.['Restart']).toBeUndefined();
  const command = Service?.['ExecStart']?.split(' ') ?? [];
  expect(command.slice(-words.length)).toEqual(words);
  const main = command.find((it) => it.endsWith('main.ts')) ?? '';
  expect(existsSync(main.replace(PROGRAM, repoRoot))).toBe(true);
  const timer = directives(`nightshift-${name}.timer`)['Timer'];
  expect(timer).toMatchObject({ OnCalendar: when, Persistent: 'yes' });
});

test('what bubblewrap needs is a file of its own, and takes back no more than that', () => {
  expect(directives('bubblewrap.conf')).toEqual({
    Service: {
      RestrictNamespaces: 'user pid net mnt ipc uts cgroup',
      SystemCallFilter: '@mount pivot_root capset',
      ProtectKernelTunables: 'no',
      ProtectKernelLogs: 'no',
      ProtectProc: 'default',
    },
  });
});

test('the target starts with the machine and says nothing about the services itself', () => {
  const target = directives('nightshift.target');
  expect(Object.keys(target)).toEqual(['Unit', 'Install']);
  expect(Object.keys(target['Unit'] ?? {})).toEqual(['Description', 'Documentation']);
  expect(target['Install']).toEqual({ WantedBy: 'multi-user.target' });
});

test('no directive has a trailing comment, which systemd would take for a part of its value', () => {
  const values = readdirSync(SYSTEMD).flatMap((name) => parseUnit(unitText(name)));
  expect(values.length).toBeGreaterThan(60);
  expect(values.filter(({ value }) => /\s[#;]|^\s|\s$/.test(value))).toEqual([]);
});

const NO_SYSTEMD = 'there is no systemd on this machine';

/** Runs systemd-analyze on the units as an installed machine has them; null where there is none. */
function analyze(verb: string, ...args: string[]): { code: number | null; said: string } | null {
  // The program lies elsewhere than on an installed machine, and the verifier looks for it.
  const dir = tempDir('units');
  for (const name of readdirSync(SYSTEMD)) {
    const text = unitText(name).replaceAll(PROGRAM, repoRoot).replaceAll('%i', 'digest');
    writeFileSync(join(dir, name.replace('@', '-digest')), text);
  }
  const { error, stdout, stderr, status } = spawnSync('systemd-analyze', [verb, ...args], {
    encoding: 'utf8',
    cwd: dir,
  });
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') return null;
  return { code: status, said: `${stdout}${stderr}` };
}

const UNITS = readdirSync(SYSTEMD)
  .filter((it) => !it.endsWith('.conf'))
  .map((it) => `./${it.replace('@', '-digest')}`);

test('systemd itself finds nothing wrong with the units', () => {
  const found = analyze('verify', '--man=no', ...UNITS);
  if (found === null) console.log(`systemd-analyze verify did not run: ${NO_SYSTEMD}`);
  const lines = (found?.said ?? '').split('\n').filter((line) => line.includes('nightshift'));
  expect({ lines, code: found?.code ?? 0 }).toEqual({ lines: [], code: 0 });
});

test('systemd calls the exposure of each service 2.0 of 10 or less', () => {
  const services = UNITS.filter((it) => it.endsWith('.service'));
  expect(services).toHaveLength(6);
  for (const unit of services) {
    const found = analyze('security', '--offline=true', '--no-pager', '--threshold=20', unit);
    if (found === null) console.log(`systemd-analyze security did not run: ${NO_SYSTEMD}`);
    const last = found?.said.trim().split('\n').at(-1) ?? NO_SYSTEMD;
    expect({ unit, last, code: found?.code ?? 0 }).toMatchObject({ code: 0 });
    expect(found === null || last.includes('exposure level')).toBe(true);
  }
});
