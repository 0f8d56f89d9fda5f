import { expect, test } from 'vitest';
import { tempDir } from '@nightshift/support';
import { fileSystemOf, sleepMinutes } from './machine-facts.ts';
import * as verdicts from './verdicts.ts';

const disk = {
  type: 'ext4',
  mountPoint: '/',
  freeBytes: 5e9,
  totalInodes: 1_000_000,
  freeInodes: 500_000,
};

test.each([
  ['ext4', true],
  ['xfs', true],
  ['apfs', true],
  ['tmpfs', false],
  ['overlay', false],
  ['nfs4', false],
  ['cifs', false],
  ['fuse.sshfs', false],
])('a state folder on %s is fine: %s', (type, ok) => {
  const verdict = verdicts.fileSystemVerdict({ ...disk, type });
  expect(verdict).toMatchObject({ ok, name: 'files' });
  expect(verdict.fix === null).toBe(ok);
});

test('a full disk, and one without room for files, are told apart', () => {
  expect(verdicts.roomVerdict(disk).ok).toBe(true);
  expect(verdicts.roomVerdict({ ...disk, freeBytes: 1e6 }).fix).toContain('df -h');
  expect(verdicts.roomVerdict({ ...disk, freeInodes: 3 }).fix).toContain('df -i');
  // btrfs counts none.
  expect(verdicts.roomVerdict({ ...disk, totalInodes: 0, freeInodes: 0 }).ok).toBe(true);
});

test.each([
  [{ uid: 5, mode: 0o40700, me: 5 }, true, 'yours'],
  [{ uid: 5, mode: 0o40755, me: 5 }, false, 'others may look in'],
  [{ uid: 5, mode: 0o40700, me: 0 }, false, 'you are root'],
  [{ uid: 5, mode: 0o40700, me: 6 }, false, 'you are 6'],
])('whose folder it is: %o', (seen, ok, words) => {
  const verdict = verdicts.ownerVerdict(seen);
  expect(verdict.ok).toBe(ok);
  expect(verdict.found).toContain(words);
});

test('a clock that nobody keeps, another zone, and a missing wall are said', () => {
  expect(verdicts.clockVerdict(false)).toMatchObject({ ok: false });
  expect(verdicts.clockVerdict(null)).toMatchObject({ ok: true });
  expect(verdicts.zoneVerdict('Europe/Berlin', 'UTC').fix).toContain('UTC');
  expect(verdicts.zoneVerdict('UTC', 'UTC').fix).toBeNull();
  expect(verdicts.bubblewrapVerdict('linux', null).fix).toContain('apt-get install bubblewrap');
  expect(verdicts.bubblewrapVerdict('linux', false).fix).toContain('namespaces');
  expect(verdicts.bubblewrapVerdict('linux', true).fix).toBeNull();
  expect(verdicts.bubblewrapVerdict('darwin', null).ok).toBe(true);
});

test('a configuration whose caps a newer one has replaced is found', () => {
  expect(verdicts.capsVerdict(2, 1).ok).toBe(true);
  expect(verdicts.capsVerdict(2, 2).ok).toBe(true);
  expect(verdicts.capsVerdict(2, 3)).toMatchObject({
    ok: false,
    fix: expect.stringContaining('save it again'),
  });
});

test('an old price table is worth a word', () => {
  expect(verdicts.pricesVerdict({ days: 60, old: false }).fix).toBeNull();
  expect(verdicts.pricesVerdict({ days: 61, old: true }).fix).toContain('may have changed');
});

test('two of one service, and a unit that is down, are wrong', () => {
  expect(verdicts.doublesVerdict({ worker: [1, 2], scheduler: [3] })).toMatchObject({
    ok: false,
    found: 'worker: pids 1, 2',
  });
  expect(verdicts.doublesVerdict({ worker: [1], scheduler: [] }).ok).toBe(true);
  expect(verdicts.unitsVerdict(null).ok).toBe(true);
  expect(verdicts.unitsVerdict({ 'nightshift-worker': 'failed' })).toMatchObject({
    ok: false,
    found: 'nightshift-worker is failed',
  });
});

test('the file system is that of the nearest mount point', () => {
  const dir = tempDir('mounts');
  const mounts = [
    { type: 'ext4', mountPoint: '/' },
    { type: 'nfs4', mountPoint: dir },
    { type: 'tmpfs', mountPoint: `${dir}x` },
  ];
  expect(fileSystemOf(dir, mounts)).toMatchObject({ type: 'nfs4', mountPoint: dir });
  expect(fileSystemOf('/', mounts).type).toBe('ext4');
});

test.each([
  ['3.54.1', true],
  ['3.51.3', true],
  ['3.51.2', false],
  ['3.50.7', true],
  ['3.49.9', false],
  ['3.44.6', true],
  ['3.44.5', false],
  ['4.0.0', true],
])('SQLite %s is sound: %s', (version, ok) => {
  expect(verdicts.sqliteVerdict(version)).toMatchObject({ name: 'sqlite', ok });
});

test('a Mac that sleeps runs nothing, and that is said', () => {
  const said = [' hibernatemode        3', ' sleep                10 (sleep prevented by x)'];
  expect(sleepMinutes(said.join('\n'))).toBe(10);
  expect(sleepMinutes(' displaysleep 5\n disksleep 10')).toBeNull();
  const sleepy = verdicts.sleepVerdict('darwin', 10);
  expect(sleepy).toMatchObject({ ok: false, found: 'this Mac sleeps after 10 min' });
  expect(sleepy.fix).toContain('caffeinate');
  expect(verdicts.sleepVerdict('darwin', 0).ok).toBe(true);
  expect(verdicts.sleepVerdict('darwin', null).fix).toContain('pmset');
  expect(verdicts.sleepVerdict('linux', null)).toMatchObject({ ok: true, fix: null });
});

test('a second configuration on an installed state is wrong, a second installation is told', () => {
  const registered = { stateDir: '/var/lib/nightshift', config: '/srv/c.ts' };
  const verdict = (stateDir: string, config: string | null) =>
    verdicts.installedVerdict({ stateDir, config, registered });
  expect(verdict('/var/lib/nightshift', '/srv/c.ts')).toMatchObject({ ok: true, fix: null });
  expect(verdict('/var/lib/nightshift', '/home/ada/c.ts')).toMatchObject({ ok: false });
  expect(verdict('/var/lib/nightshift', null).found).toContain('built in');
  expect(verdict('/home/ada/.nightshift', '/home/ada/c.ts').fix).toContain('two budgets');
  const alone = { stateDir: '/s', config: null, registered: null };
  expect(verdicts.installedVerdict(alone).ok).toBe(true);
});
