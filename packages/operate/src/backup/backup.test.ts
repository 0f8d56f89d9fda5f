import { readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Budget, parseUsd, type Principal } from '@nightshift/domain';
import { openStore } from '@nightshift/store';
import {
  type ManualClock,
  manualClock,
  onCleanup,
  spawnNode,
  tempDir,
  waitUntil,
} from '@nightshift/support';
import { expect, test } from 'vitest';
import { type Installation, openInstallation } from '../installation.ts';
import { migrateDatabases } from '../migrate.ts';
import { unpack } from './archive.ts';
import { backup, type BackupResult } from './backup.ts';
import { restore, type RestoreResult } from './restore.ts';

const CONFIG = `export default {
  timezone: 'UTC',
  budget: { perDay: '$1.00' },
  agents: { digest: { entry: './agent.ts' } },
};
`;
const HOUR = 3_600_000;
const CAPS: readonly Budget[] = [
  { scope: 'global', window: 'day', capNusd: parseUsd('$1.00') },
  { scope: 'global', window: 'month', capNusd: parseUsd('$20.00') },
];

interface Site {
  readonly dir: string;
  readonly clock: ManualClock;
  readonly at: () => Installation;
  readonly backup: (file?: string, keep?: number) => Promise<BackupResult>;
  readonly restore: (file: string) => Promise<RestoreResult>;
}

async function openSite(): Promise<Site> {
  const dir = tempDir('backup');
  const clock = manualClock('2026-03-10T04:30:00Z');
  writeFileSync(join(dir, 'nightshift.config.ts'), CONFIG);
  const at = (): Installation => {
    const installation = openInstallation({ cwd: dir, create: true, clock });
    onCleanup(() => installation.close());
    return installation;
  };
  await migrateDatabases(at());
  const store = await at().store();
  await store.ledger.setBudgets(CAPS, 1, 'UTC');
  const [cron, everyMs] = ['0 6 * * *', null];
  await store.slots.declare([{ agent: 'digest', cron, everyMs, timezone: 'UTC' }], clock.now());
  return {
    dir,
    clock,
    at,
    backup: (file, keep) => backup(at(), { file, keep, cwd: dir }),
    restore: (file) => restore(at(), { file, cwd: dir }),
  };
}

/** A running job of its own, as a broker knows it. */
async function running(site: Site, key: string): Promise<Principal> {
  const { jobs } = await site.at().store();
  const asked = { key, agent: 'digest', input: null, maxAttempts: 3 };
  const { job } = await jobs.enqueue(asked, site.at().actor);
  const leaseUntil = site.clock.now() + HOUR;
  const claim = { job: job!.id, instance: 'w', leaseUntil, maxRunningOfAgent: 99, source: null };
  const { fence } = (await jobs.claim(claim))!;
  const { attempt, token: leaseToken } = fence;
  return { job: fence.job, attempt, leaseToken, agent: 'digest', instance: 'w' };
}

let ordinal = 0;

async function reserve(site: Site, principal: Principal, bound: `$${number}`) {
  const { ledger } = await site.at().store();
  const call = { endpoint: 'e', model: 'm', priceVersion: 'p', requestHash: `h${ordinal}` };
  const boundNusd = parseUsd(bound);
  return ledger.reserve({ principal, step: '', ordinal: ordinal++, boundNusd, ...call });
}

async function spent(site: Site, principal: Principal, amount: `$${number}`): Promise<void> {
  const answer = await reserve(site, principal, amount);
  if (!('hold' in answer)) throw new Error(answer.refused.message);
  const { ledger } = await site.at().store();
  await ledger.sent(answer.hold.id);
  await ledger.end(answer.hold.id, { outcome: 'answered', actualNusd: parseUsd(amount) });
}

test('a backup of a running system holds what was committed, and can be read by tar', async () => {
  const site = await openSite();
  const principal = await running(site, 'one');
  await spent(site, principal, '$0.30');
  const store = await site.at().store();
  const busy = Array.from({ length: 50 }, (_, i) =>
    store.jobs.enqueue(
      { key: `k${i}`, agent: 'digest', input: null, maxAttempts: 1 },
      site.at().actor,
    ),
  );
  const { file, manifest } = await site.backup('night.tar.gz');
  await Promise.all(busy);
  expect(file).toBe(join(site.dir, 'night.tar.gz'));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(manifest.databases.map((it) => it.file)).toEqual(['nightshift.db', 'watchdog.db']);
  expect(manifest.databases[0]?.rows).toMatchObject({ spend: 1, budgets: 2 });
  const out = tempDir('unpacked');
  await unpack(file, out, ['nightshift.config.ts', 'nightshift.db']);
  expect(readFileSync(join(out, 'nightshift.config.ts'), 'utf8')).toBe(CONFIG);
  // No unfinished copy is left beside it.
  expect(readdirSync(site.dir).filter((it) => it.startsWith('.backup'))).toEqual([]);
});

test('a backup overwrites nothing, and keeps as many as it was told', async () => {
  const site = await openSite();
  const first = await site.backup();
  await expect(site.backup(first.file)).rejects.toMatchObject({ code: 'backup-exists' });
  const mine = join(site.dir, '.nightshift/backups/mine.tar.gz');
  await site.backup(mine);
  const names: string[] = [];
  for (let day = 0; day < 3; day++) {
    site.clock.advance(24 * HOUR);
    names.push((await site.backup(undefined, 2)).file);
  }
  const left = readdirSync(join(site.dir, '.nightshift/backups')).toSorted();
  expect(left).toEqual(['mine.tar.gz', ...names.slice(1).map((it) => it.split('/').at(-1))]);
});

test('after a restore the day is not reopened, and the rows still explain the counters', async () => {
  const site = await openSite();
  await spent(site, await running(site, 'one'), '$0.30');
  const { file } = await site.backup('b.tar.gz');
  site.clock.advance(5 * HOUR);
  await spent(site, await running(site, 'two'), '$0.60');
  const { reconciled } = await site.restore(file);
  expect(reconciled.charges.map((it) => [it.window, it.nusd])).toEqual([
    ['day', parseUsd('$0.70')],
    ['month', parseUsd('$0.70')],
  ]);
  const store = await site.at().store();
  expect(await store.ledger.verify()).toEqual([]);
  const refused = await reserve(site, await running(site, 'three'), '$0.000000001');
  expect(refused).toMatchObject({ refused: { reason: 'cap-day' } });
  // The next day is a new one.
  site.clock.advance(24 * HOUR);
  expect(await reserve(site, await running(site, 'four'), '$1.00')).toHaveProperty('hold');
});

test('after a restore no slot of the past and no unfinished job runs by itself', async () => {
  const site = await openSite();
  const principal = await running(site, 'one');
  const hold = await reserve(site, principal, '$0.10');
  expect(hold).toHaveProperty('hold');
  const { file } = await site.backup('b.tar.gz');
  site.clock.advance(49 * HOUR);
  const { reconciled } = await site.restore(file);
  expect(reconciled).toMatchObject({ jobs: 1, slots: 2 });
  const store = await site.at().store();
  expect(await store.jobs.counts()).toMatchObject({ queued: 0, running: 0, dead: 1 });
  const dead = await store.jobs.get(principal.job);
  expect(dead).toMatchObject({ state: 'dead', lastError: { code: 'restored' } });
  expect(await store.slots.schedules()).toMatchObject([{ cursorAt: site.clock.now() }]);
  expect(await store.slots.list({ limit: 9 })).toMatchObject([
    { status: 'skipped', reason: 'restored', count: 2 },
  ]);
  expect(await store.ledger.verify()).toEqual([]);
  expect((await store.audit.list(1))[0]).toMatchObject({ action: 'restore' });
  // A person may say that it was not done after all.
  expect(await store.jobs.redrive(principal.job, site.at().actor)).toBeTruthy();
});

test('keys that were used since the backup stay used, and a halt stays a halt', async () => {
  const site = await openSite();
  const { file } = await site.backup('b.tar.gz');
  await running(site, 'later');
  await (await site.at().store()).control.halt('look', site.at().actor);
  const { reconciled, aside } = await site.restore(file);
  expect(reconciled.keys).toBe(1);
  const { jobs, control } = await site.at().store();
  const asked = { key: 'later', agent: 'digest', input: null, maxAttempts: 1 };
  expect(await jobs.enqueue(asked, site.at().actor)).toMatchObject({ created: false });
  expect(await control.read()).toMatchObject({ halted: true });
  expect(readdirSync(aside ?? '')).toContain('nightshift.db');
});

test('a damaged or foreign backup is refused, and nothing was touched', async () => {
  const site = await openSite();
  const { file, bytes } = await site.backup('b.tar.gz');
  const before = readFileSync(join(site.dir, '.nightshift/nightshift.db'));
  const cut = join(site.dir, 'cut.tar.gz');
  writeFileSync(cut, readFileSync(file));
  truncateSync(cut, Math.floor(bytes / 2));
  const foreign = join(site.dir, 'foreign.tar.gz');
  writeFileSync(foreign, 'not an archive');
  for (const bad of [cut, foreign, join(site.dir, 'none.tar.gz')]) {
    await expect(site.restore(bad)).rejects.toMatchObject({ code: 'backup-damaged', exitCode: 78 });
  }
  site.clock.stepTo(Date.parse('2020-01-01T00:00:00Z'));
  await expect(site.restore(file)).rejects.toMatchObject({ code: 'clock-behind-backup' });
  expect(readFileSync(join(site.dir, '.nightshift/nightshift.db')).equals(before)).toBe(true);
  expect(readdirSync(join(site.dir, '.nightshift')).filter((it) => it.startsWith('.re'))).toEqual(
    [],
  );
});

test('a state folder that is in use is not restored', async () => {
  const site = await openSite();
  const { file } = await site.backup('b.tar.gz');
  const { database } = site.at().paths;
  const hold = `require('node:fs').openSync(${JSON.stringify(database)}, 'r');
    console.log('open'); setInterval(() => undefined, 60_000);`;
  const child = spawnNode(['-e', hold]);
  await waitUntil(() => child.stdout.includes('open'), { what: 'the file to be open' });
  await expect(site.restore(file)).rejects.toMatchObject({
    code: 'services-running',
    exitCode: 69,
    message: expect.stringContaining(`pid ${child.pid}`) as unknown,
  });
});

test('a lost database is restored too', async () => {
  const site = await openSite();
  const { file } = await site.backup('b.tar.gz');
  writeFileSync(site.at().paths.database, 'garbage');
  await expect(
    openStore({ stateDir: site.at().paths.dir, clock: site.clock, mode: 'existing' }),
  ).rejects.toThrow('not a database');
  await site.restore(file);
  expect(await (await site.at().store()).jobs.counts()).toMatchObject({ queued: 0 });
});
