/**
 * The property lists as launchd would read them: no Mac has. They repeat what `nightshift up` does in
 * code (flags, environment, times), so each of those is compared with the code it repeats.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'plist';
import { describe, expect, test } from 'vitest';
import { STOP_TIMEOUT_MS, type ServiceName } from '@nightshift/domain';
import { serviceFlags, serviceEnvironment, statePaths } from '@nightshift/lifecycle';
import { repoRoot } from '@nightshift/support';

const SERVICES = ['scheduler', 'worker', 'watchdog'] as const;
const PROGRAM = '/opt/nightshift';
const NODE = `${PROGRAM}/node_modules/node/bin/node`;
const CONFIG = `${PROGRAM}/nightshift.config.ts`;
const LAUNCHD = join(repoRoot, 'infra/launchd');

interface PropertyList {
  readonly WorkingDirectory: string;
  readonly ProgramArguments: readonly string[];
  readonly StandardErrorPath: string;
}

/** Everything a supervisor starts for a service, from the code that `nightshift up` uses. */
function command(service: ServiceName, stateDir: string): readonly string[] {
  const main = `${PROGRAM}/services/${service}/src/main.ts`;
  return [NODE, ...serviceFlags(service), main, '--config', CONFIG, '--state-dir', stateDir];
}

test('there is a property list for each service and each time, and nothing else', () => {
  const timed = ['run.digest', 'watch', 'backup'];
  const lists = [...SERVICES, ...timed].map((it) => `nightshift.${it}.plist`);
  expect(readdirSync(LAUNCHD).sort()).toEqual(lists.sort());
});

describe.each(SERVICES)('the property list of the %s', (service) => {
  const state = '/usr/local/var/nightshift';
  const file = join(LAUNCHD, `nightshift.${service}.plist`);
  const list = parse(readFileSync(file, 'utf8')) as unknown as PropertyList;

  test('says each key, and no other', () => {
    expect(list).toEqual({
      Label: `nightshift.${service}`,
      UserName: 'nightshift',
      GroupName: 'nightshift',
      WorkingDirectory: PROGRAM,
      ProgramArguments: command(service, state),
      EnvironmentVariables: {
        ...serviceEnvironment(statePaths(state).compileCache),
        PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
      },
      RunAtLoad: true,
      KeepAlive: true,
      ThrottleInterval: 60,
      ExitTimeOut: STOP_TIMEOUT_MS / 1_000,
      ProcessType: 'Interactive',
      Umask: 0o077,
      StandardErrorPath: `${statePaths(state).logs}/stderr-${service}.log`,
    });
  });

  test('names no path that depends on where it is read', () => {
    const { WorkingDirectory, ProgramArguments, StandardErrorPath } = list;
    const paths = ProgramArguments.filter((it) => it.includes('/'));
    expect(paths).toHaveLength(4);
    for (const path of [...paths, WorkingDirectory, StandardErrorPath]) {
      expect(path).toMatch(/^\/[\w./-]+$/);
    }
  });
});

const FIVE_MINUTES = Array.from({ length: 12 }, (_, i) => ({ Minute: i * 5 }));

test.each([
  ['run.digest', ['run', 'digest'], [{ Hour: 6, Minute: 0 }]],
  ['watch', ['watch', '--once'], FIVE_MINUTES],
  ['backup', ['backup', '--keep', '14'], [{ Hour: 4, Minute: 30 }]],
])(
  'the property list of %s says its times and each key, and nothing keeps it alive',
  (name, words, times) => {
    const state = '/usr/local/var/nightshift';
    const list = parse(readFileSync(join(LAUNCHD, `nightshift.${name}.plist`), 'utf8'));
    const cli = `${PROGRAM}/packages/cli/src/main.ts`;
    expect(list).toEqual({
      Label: `nightshift.${name}`,
      UserName: 'nightshift',
      GroupName: 'nightshift',
      WorkingDirectory: PROGRAM,
      ProgramArguments: [NODE, cli, '--config', CONFIG, '--state-dir', state, ...words],
      EnvironmentVariables: {
        ...serviceEnvironment(statePaths(state).compileCache),
        PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
      },
      StartCalendarInterval: times,
      ExitTimeOut: STOP_TIMEOUT_MS / 1_000,
      ProcessType: 'Interactive',
      Umask: 0o077,
      StandardErrorPath: `${statePaths(state).logs}/stderr-${name}.log`,
    });
    expect(existsSync(cli.replace(PROGRAM, repoRoot))).toBe(true);
  },
);
