import { systemClock } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { identify } from '../../test/try-agent.ts';
import { directLauncher, type Launcher, probeSandbox, type ProbeReport } from '../index.ts';

const probe = (launcher: Launcher): Promise<ProbeReport> =>
  probeSandbox(launcher, { clock: systemClock, identify });

/** A launcher whose child lacks some of its flags. */
function without(lacking: (flag: string) => boolean): Launcher {
  return {
    name: 'direct',
    command: ({ file, args }) => ({ file, args: args.filter((flag) => !lacking(flag)) }),
  };
}

test('every known way out of a child is closed', async () => {
  const report = await probe(directLauncher);
  expect(report).toMatchObject({ ok: true, launcher: 'direct', escaped: [] });
  expect(report.denied.length).toBeGreaterThan(50);
});

test('a child without the permission model is found out', async () => {
  const report = await probe(without((flag) => /^--(permission|allow-)/.test(flag)));
  const names = report.escaped.map((it) => it.name);
  expect(report.ok).toBe(false);
  expect(names).toEqual(
    expect.arrayContaining(
      [
        'http',
        'tcp',
        'udp',
        'dns-lookup',
        'unix-socket',
        'undici-dispatcher',
        'child-process',
      ].concat(
        ['worker-thread', 'read-env-file', 'read-database', 'symlink-out', 'write-file'],
        ['connection-arrived', 'datagram-arrived', 'file-appeared'],
      ),
    ),
  );
});

test('one missing flag is enough to be found out', async () => {
  const report = await probe(without((flag) => flag === '--no-experimental-sqlite'));
  expect(report.escaped.map((it) => it.name)).toContain('sqlite');
});

test('a launcher that starts something else cannot be probed', async () => {
  const launcher: Launcher = { name: 'bwrap', command: () => ({ file: '/bin/false', args: [] }) };
  await expect(probe(launcher)).rejects.toMatchObject({ code: 'probe-failed' });
});
