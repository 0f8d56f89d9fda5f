import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { userInfo } from 'node:os';
import { NightshiftError } from '@nightshift/domain';
import { repoRoot, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { launchdFiles, launchdOnceFiles, launchdScheduled } from './launchd.ts';
import { defaultPlace, type Place } from './place.ts';
import { cronFiles } from './cron.ts';
import { installPlan } from './plan.ts';
import { bubblewrapFiles, systemdFiles } from './systemd.ts';
import { wrapperFile } from './wrapper.ts';

const shipped = (folder: string, name: string): string =>
  readFileSync(join(repoRoot, 'infra', folder, name), 'utf8');

test('the units that are shipped are the ones that are written', () => {
  for (const { path, text } of systemdFiles(defaultPlace())) {
    expect({ path, text }).toMatchObject({ text: shipped('systemd', basename(path)) });
  }
  for (const { text } of bubblewrapFiles())
    expect(text).toBe(shipped('systemd', 'bubblewrap.conf'));
});

test('the property lists that are shipped are the ones that are written', () => {
  const place = defaultPlace('/usr/local/var/nightshift');
  const scheduled = launchdOnceFiles(place, launchdScheduled('digest'));
  for (const { path, text } of [...launchdFiles(place), ...scheduled]) {
    expect({ path, text }).toMatchObject({ text: shipped('launchd', basename(path)) });
  }
});

test('an agent of a session names no user, and a path with markup stays a path', () => {
  const place = { ...defaultPlace(), stateDir: '/Library/a&b <c>/night' };
  const [file] = launchdFiles(place, 'agent', '/Library/LaunchAgents');
  expect(file?.path).toBe('/Library/LaunchAgents/nightshift.scheduler.plist');
  expect(file?.text).not.toContain('UserName');
  expect(file?.text).toContain('<string>/Library/a&amp;b &lt;c&gt;/night</string>');
});

/** A place whose every path would break a unit that only pastes it. */
function oddPlace(): Place {
  const dir = join(tempDir('odd'), 'a b $HOME 50% "q"');
  mkdirSync(dir);
  const node = join(tempDir('odd node'), 'a b 50%');
  writeFileSync(node, '#!/bin/sh\n', { mode: 0o755 });
  const at = { program: dir, node, config: join(dir, 'c.ts'), stateDir: join(dir, 'state') };
  return { ...defaultPlace(), ...at, secretsFile: join(dir, 'env') };
}

test('paths with spaces, quotes, dollars and percent signs are the same paths for systemd', () => {
  const place = oddPlace();
  const files = systemdFiles(place).map(({ path, text }) => {
    const file = join(place.program, basename(path));
    // Only where the program is does not exist here: systemd would say so instead of the rest.
    writeFileSync(file, text.replaceAll('%i', 'digest'));
    return file;
  });
  const units = files.filter((it) => !it.includes('@'));
  const ran = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { encoding: 'utf8' });
  // Where there is no systemd it says nothing, and there is nothing these could be wrong for.
  const said = `${ran.stdout ?? ''}${ran.stderr ?? ''}`.split('\n');
  expect(said.filter((line) => line.includes('nightshift'))).toEqual([]);
});

test('a state folder that systemd does not make is opened for writing, and a home is only read', () => {
  const place = { ...defaultPlace('/home/ada/night state'), program: '/home/ada/nightshift' };
  const unit = systemdFiles(place).find(({ path }) => path.includes('worker'))?.text ?? '';
  expect(unit).toContain('\nReadWritePaths="/home/ada/night state"\n');
  expect(unit).toContain('\nProtectHome=read-only\n');
  expect(unit).not.toContain('StateDirectory');
});

test('a program that systemd could not start is refused before anything is written', () => {
  const place = { ...defaultPlace(), node: '/opt/"x"/node' };
  expect(() => systemdFiles(place)).toThrow('systemd starts no program of this path');
});

test('a path with a line break is refused: it would be a directive of its own', () => {
  const place = { ...defaultPlace(), config: '/opt/x\nUser=root' };
  expect(() => systemdFiles(place)).toThrow(NightshiftError);
  expect(() => launchdFiles(place)).toThrow('line break');
});

test('a path that some reader would break or that UTF-8 cannot say is refused', () => {
  for (const odd of ['\u2028', '\u2029', '\u0085', '\ufffe', '\ud800']) {
    const place = { ...defaultPlace(), config: `/opt/x${odd}y` };
    expect(() => launchdFiles(place)).toThrow(NightshiftError);
  }
  expect(launchdFiles({ ...defaultPlace(), config: '/opt/é 😀' })[0]?.text).toContain('/opt/é 😀');
});

test('paths with spaces, quotes, dollars and percent signs are the same paths for a shell', () => {
  const odd = oddPlace();
  const place = { ...odd, node: process.execPath, user: userInfo().username };
  const cli = join(place.program, 'packages/cli/src');
  mkdirSync(cli, { recursive: true });
  writeFileSync(join(cli, 'main.ts'), 'console.log(JSON.stringify(process.argv.slice(2)));\n');
  const wrapper = join(tempDir('wrapper'), 'nightshift');
  writeFileSync(wrapper, wrapperFile(place).text);
  const at = ['--config', place.config, '--state-dir', place.stateDir];
  const typed = spawnSync('sh', [wrapper, 'dlq', 'show', 'a b'], { encoding: 'utf8' });
  expect(JSON.parse(typed.stdout)).toEqual([...at, 'dlq', 'show', 'a b']);
  const [file] = cronFiles(place, { agents: [], timezone: 'UTC' }, 'UTC');
  const line = file?.text.split('\n').find((it) => it.startsWith('*/5')) ?? '';
  const command = line.slice(line.indexOf(' env ')).replaceAll('\\%', '%');
  const heard = command.replace(/>\/dev\/null.*$/, '');
  const started = spawnSync('sh', ['-c', heard], { encoding: 'utf8' });
  expect(JSON.parse(started.stdout)).toEqual([...at, 'watch', '--once']);
});

test.each(['', 'Root', 'a b', 'a;b', '-x', 'a:b'])('no user can be called %j', (user) => {
  const settings = { agents: [], timezone: 'UTC' } as never;
  const facts = { place: { ...defaultPlace(), user }, settings, machineZone: 'UTC' };
  expect(() => installPlan('systemd', { ...facts, bubblewrap: false })).toThrow(
    expect.objectContaining({ code: 'bad-user', exitCode: 64 }),
  );
});
