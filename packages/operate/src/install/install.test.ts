import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentSettings } from '@nightshift/domain';
import { REGISTRATION_FILE } from '@nightshift/lifecycle';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { cronFiles } from './cron.ts';
import type { Host, Ran } from './host.ts';
import { install, planInstall } from './install.ts';
import { defaultPlace } from './place.ts';
import { uninstall } from './registration.ts';

const CONFIG = `export default { timezone: 'UTC', budget: { perDay: '$1.00' },
  agents: { digest: { entry: './a.ts', schedule: '0 6 * * *' } } };`;

interface Machine {
  readonly host: Host;
  readonly files: Map<string, string>;
  readonly ran: string[];
  /** Folders that were to go if nothing is in them. */
  readonly emptied: string[];
}

/** A machine of which a test sees every file and command. Its answers are those of a healthy one. */
function machineOf(over: Partial<Host> = {}, answers: Record<string, Partial<Ran>> = {}): Machine {
  const files = new Map<string, string>([['/run/systemd/system', '']]);
  const ran: string[] = [];
  const emptied: string[] = [];
  let hasUser = !('useradd' in answers);
  const services = ['scheduler', 'worker', 'watchdog'].map((name) => ({
    name,
    healthy: true,
    phase: 'idle',
  }));
  const usual: Record<string, string> = {
    'id -u nightshift': '990',
    'id -g nightshift': '990',
    'status --json': JSON.stringify({ services }),
    'alerts test --json': JSON.stringify({
      channels: [{ channel: 'ntfy', ok: true, receipt: 'r1' }],
    }),
  };
  const host: Host = {
    isRoot: true,
    platform: 'linux',
    timezone: 'UTC',
    exists: (path) => files.has(path) || path.endsWith('nightshift.config.ts'),
    read: (path) => files.get(path) ?? null,
    write: (path, text) => void files.set(path, text),
    remove: (path) => void files.delete(path),
    removeEmptyFolder: (path) => void emptied.push(path),
    makeFolder: () => undefined,
    run(command, args) {
      const line = [command, ...args].join(' ');
      ran.push(line);
      if (command === 'useradd') hasUser = true;
      if (line === 'id -u nightshift' && !hasUser) return { code: 1, stdout: '', stderr: '' };
      const own = Object.keys(answers).find((it) => line.endsWith(it));
      const known = Object.keys(usual).find((it) => line.endsWith(it));
      const base = { code: 0, stdout: usual[known ?? ''] ?? '', stderr: '' };
      return own === undefined ? base : { ...base, ...answers[own] };
    },
    ...over,
  };
  return { host, files, ran, emptied };
}

function request(machine: Machine, over: object = {}) {
  const cwd = tempDir('install');
  writeFileSync(join(cwd, 'nightshift.config.ts'), CONFIG);
  const sleeper = { sleep: async () => undefined, wake: () => undefined };
  const base = { kind: 'systemd' as const, cwd, withoutAlerts: false, host: machine.host };
  return { ...base, sleeper: sleeper as never, ...over };
}

test('install prepares, writes, starts, waits for beats, and wants a receipt, in this order', async () => {
  const machine = machineOf();
  const { receipts, written, warnings } = await install(request(machine));
  expect(receipts).toEqual([{ channel: 'ntfy', receipt: 'r1' }]);
  expect(written[0]).toBe(REGISTRATION_FILE);
  expect(warnings.join()).toContain('deadman');
  const place = (it: string): number => machine.ran.findIndex((line) => line.includes(it));
  const order = [
    'id -u',
    ' migrate',
    'daemon-reload',
    'systemctl restart',
    'status --json',
    'alerts',
  ];
  expect(order.map(place)).toEqual(order.map(place).toSorted((a, b) => a - b));
  expect(Math.min(...order.map(place))).toBeGreaterThanOrEqual(0);
  const wrapper = machine.files.get('/usr/local/bin/nightshift') ?? '';
  expect(wrapper).toContain('runuser -u nightshift -- env NODE_COMPILE_CACHE=');
});

test('a second install writes nothing, and a third takes away what is no longer wanted', async () => {
  const machine = machineOf();
  const asked = request(machine);
  machine.files.set('/usr/bin/bwrap', '');
  await install(asked);
  expect((await install(asked)).written).toEqual([]);
  machine.files.delete('/usr/bin/bwrap');
  await install(asked);
  expect([...machine.files.keys()].filter((it) => it.endsWith('bubblewrap.conf'))).toEqual([]);
});

test('another shape takes the place of the one before, whose services are stopped', async () => {
  const machine = machineOf();
  await install(request(machine));
  machine.files.set('/etc/cron.d', '');
  machine.ran.length = 0;
  await install(request(machine, { kind: 'cron' }));
  expect(machine.ran.find((it) => it.startsWith('systemctl'))).toContain('disable --now');
  expect([...machine.files.keys()].filter((it) => it.includes('systemd/system/'))).toEqual([]);
  expect(machine.files.get('/etc/cron.d/nightshift')).toContain('run digest');
});

test('the user is made once', async () => {
  const machine = machineOf();
  // Answers that are asked for by name: this machine has no such user yet.
  const fresh = machineOf({}, { useradd: {} });
  await install(request(fresh));
  expect(fresh.ran.filter((it) => it.startsWith('useradd'))).toHaveLength(1);
  await install(request(machine));
  expect(machine.ran.filter((it) => it.startsWith('useradd'))).toEqual([]);
});

test.each([
  ['not root', { isRoot: false }, {}, 'not-root'],
  ['no systemd', { exists: (it: string) => it.endsWith('config.ts') }, {}, 'supervisor-missing'],
  ['a program in a private folder', {}, { '--version': { code: 126 } }, 'program-unreadable'],
  ['a unit that does not start', {}, { 'nightshift-backup.timer': { code: 1 } }, 'install-failed'],
  ['services that do not beat', {}, { 'status --json': { stdout: '{}' } }, 'not-beating'],
  [
    'nobody who hears',
    {},
    {
      'alerts test --json': { stdout: '{"channels":[{"channel":"n","ok":false,"error":"gone"}]}' },
    },
    'no-receipt',
  ],
])('%s is an error that says what to do', async (_name, host, answers, code) => {
  const machine = machineOf(host, answers);
  const error = await install(request(machine)).catch((it: unknown) => it);
  expect(error).toMatchObject({ code, exitCode: 1 });
  expect((error as { fix: string }).fix.length).toBeGreaterThan(10);
});

test('without alerts nobody is asked, and it is said', async () => {
  const machine = machineOf();
  const { receipts, warnings } = await install(request(machine, { withoutAlerts: true }));
  expect(receipts).toEqual([]);
  expect(warnings[0]).toContain('no channel was tested');
  expect(machine.ran.filter((it) => it.includes('alerts test'))).toEqual([]);
});

test('a plan touches nothing', async () => {
  const machine = machineOf({ isRoot: false });
  const { files, start } = await planInstall(request(machine, { kind: 'launchd' }));
  expect(files.map((it) => it.path)).toContain('/Library/LaunchDaemons/nightshift.worker.plist');
  expect(start).toHaveLength(4);
  expect(machine.ran).toEqual([]);
});

test('a Mac gives a label again only when its service has ended, and becomes a user with sudo', async () => {
  let refusals = 2;
  const machine = machineOf({ platform: 'darwin' });
  const host = {
    ...machine.host,
    run(command: string, args: readonly string[]): Ran {
      const ran = machine.host.run(command, args);
      const taken = args[0] === 'bootstrap' && refusals-- > 0;
      return taken ? { ...ran, code: 5 } : ran;
    },
  };
  await install(request(machine, { kind: 'launchd', host }));
  const control = machine.ran.filter((it) => it.startsWith('launchctl'));
  const verbs = control.map((it) => it.split(' ')[1]);
  expect(verbs.filter((it) => it === 'bootout')).toHaveLength(4);
  expect(verbs.lastIndexOf('bootout')).toBeLessThan(verbs.indexOf('bootstrap'));
  expect(verbs.filter((it) => it === 'bootstrap')).toHaveLength(6);
  expect(machine.ran.join()).not.toContain('runuser');
  expect(machine.files.get('/usr/local/bin/nightshift')).toContain('exec sudo -u nightshift --');
  const nobody = machineOf({ platform: 'darwin' }, { useradd: {} });
  await expect(install(request(nobody, { kind: 'launchd' }))).rejects.toMatchObject({
    code: 'user-missing',
  });
});

test('uninstall removes what was written, stops it first, and keeps the rest', async () => {
  const machine = machineOf();
  machine.files.set('/usr/bin/bwrap', '');
  await install(request(machine));
  machine.files.set('/etc/systemd/system/other.service', 'mine');
  machine.ran.length = 0;
  const { removed, kept } = uninstall(machine.host);
  expect(removed).toContain('/usr/local/bin/nightshift');
  expect([...machine.files.keys()]).toEqual([
    '/run/systemd/system',
    '/usr/bin/bwrap',
    '/etc/nightshift/nightshift.env',
    '/etc/systemd/system/other.service',
  ]);
  expect(machine.ran[0]).toContain('systemctl disable --now');
  expect(kept).toContain('/var/lib/nightshift');
  expect(machine.emptied).toContain('/etc/systemd/system/nightshift-worker.service.d');
  expect(machine.emptied.every((it) => it.endsWith('.service.d'))).toBe(true);
  expect(() => uninstall(machine.host)).toThrow('nothing was installed');
});

/** An agent of which only name and schedule matter. */
function agent(name: string, schedule: AgentSettings['schedule']): AgentSettings {
  return { name, schedule } as AgentSettings;
}

test('cron gets a line for each schedule, the watch and the backup, with its percent signs escaped', () => {
  const place = { ...defaultPlace(), config: '/opt/50% off/c.ts' };
  const agents = [
    agent('digest', { kind: 'cron', cron: '0 6 * * 1' }),
    agent('poll', { kind: 'every', everyMs: 300_000 }),
    agent('by-hand', null),
  ];
  const [file] = cronFiles(place, { agents, timezone: 'UTC' }, 'UTC');
  const lines = (file?.text ?? '').split('\n').filter((it) => / nightshift env /.test(it));
  expect(lines.map((it) => it.split(' nightshift env ')[0])).toEqual([
    '0 6 * * 1',
    '*/5 * * * *',
    '*/5 * * * *',
    '30 4 * * *',
  ]);
  expect(file?.text.replaceAll('\\%', '')).not.toContain('%');
  expect(file?.path).toBe('/etc/cron.d/nightshift');
});

test('what cron would understand differently is refused, all of it at once', () => {
  const agents = [
    agent('both', { kind: 'cron', cron: '0 6 13 * 5' }),
    agent('seconds', { kind: 'cron', cron: '*/5 * * * * *' }),
    agent('odd', { kind: 'every', everyMs: 420_000 }),
  ];
  const refused = (): unknown =>
    cronFiles(defaultPlace(), { agents, timezone: 'Europe/Berlin' }, 'UTC');
  expect(refused).toThrow(/Europe\/Berlin.*both.*seconds.*odd/);
});
