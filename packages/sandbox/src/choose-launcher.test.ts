import { execFileSync } from 'node:child_process';
import { systemClock } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { fixture, identify, tryAgent } from '../test/try-agent.ts';
import { bwrapLauncher, chooseLauncher, type Launcher, probeSandbox } from './index.ts';

const options = { clock: systemClock, identify };
/** Bubblewrap is the operator's choice, and some containers forbid namespaces. */
const usable = bwrapWorks();

test('auto takes the strongest launcher that is proven, and says what it passed over', async () => {
  const { launcher, report, passedOver } = await chooseLauncher('auto', options);
  expect([launcher.name, report.ok]).toEqual([usable ? 'bwrap' : 'direct', true]);
  expect(passedOver.map((it) => it.name)).toEqual(usable ? [] : ['bwrap']);
}, 30_000);

test('direct is taken when it is asked for', async () => {
  expect((await chooseLauncher('direct', options)).launcher.name).toBe('direct');
});

test('an agent works the same behind bubblewrap, and its walls hold alone', async () => {
  const launcher = usable ? bwrapLauncher() : directly();
  const trial = await tryAgent(fixture('hello'), { run: { launcher } });
  expect(trial.outcome).toEqual({ kind: 'done' });
  expect(trial.output).toContain('stdout: hello from the child');

  const report = await probeSandbox(usable ? unpermitted(launcher) : launcher, options);
  const open = report.escaped.map((it) => it.name);
  const walls = new Set([
    'connection-arrived',
    'datagram-arrived',
    'file-appeared',
    'read-env-file',
  ]);
  expect(open.filter((name) => walls.has(name))).toEqual([]);
}, 30_000);

test('bubblewrap is given the granted paths, outer folders first, and nothing else to write', () => {
  const { file, args } = bwrapLauncher('/opt/bwrap').command({
    file: '/opt/node',
    args: ['main.ts'],
    read: ['/a/b', '/a/*', '/c/HEAD'],
    scratch: '/tmp/scratch',
    cwd: '/home/a',
  });
  expect(file).toBe('/opt/bwrap');
  expect(args.join(' ')).toMatch(
    /--ro-bind-try \/a \/a --ro-bind-try \/a\/b \/a\/b .*-- \/opt\/node main.ts$/,
  );
  expect(args.filter((it) => it === '--bind')).toHaveLength(1);
  expect(args).toEqual(expect.arrayContaining(['--unshare-all', '--die-with-parent']));
});

/** The same child without Node's own permission model. */
function unpermitted(launcher: Launcher): Launcher {
  const lacking = /^--(permission|allow-)/;
  return {
    name: launcher.name,
    command: (spec) =>
      launcher.command({ ...spec, args: spec.args.filter((it) => !lacking.test(it)) }),
  };
}

function directly(): Launcher {
  return { name: 'direct', command: ({ file, args }) => ({ file, args }) };
}

function bwrapWorks(): boolean {
  try {
    execFileSync('/usr/bin/bwrap', ['--unshare-all', '--ro-bind', '/', '/', '/bin/true']);
    return true;
  } catch {
    return false;
  }
}
