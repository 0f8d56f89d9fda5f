import type { Beat, ServiceName } from '@nightshift/domain';
import { systemProcesses } from '@nightshift/lifecycle';
import { exitedProcess } from '@nightshift/support';
import { expect, test } from 'vitest';
import { type Site, claimedJob, deadJob, openSite } from '../test/site.ts';
import { readStatus, statusProblems } from './status.ts';

const BEAT: Beat = {
  loopSeq: 1,
  progressSeq: 1,
  phase: 'idle',
  inflightKind: null,
  inflightDeadline: null,
};

test('an installation where nothing ever ran has a status', async () => {
  const { installation } = await openSite();
  const status = await readStatus(installation);
  expect(status.services.map((it) => it.phase)).toEqual(['stopped', 'stopped', 'stopped']);
  expect(status.queue).toEqual({ queued: 0, waiting: 0, running: 0, dead: 0 });
  expect(status.drills).toEqual([]);
  expect(status.next).toEqual([{ agent: 'watch', at: Date.parse('2026-11-22T12:00:30Z') }]);
});

test('the next runs come soonest first, in the time zone of the configuration', async () => {
  const { installation } = await openSite(`export default {
    timezone: 'America/New_York',
    agents: {
      late: { entry: './agent.ts', schedule: '0 6 * * *' },
      soon: { entry: './agent.ts', every: '30s' },
      never: { entry: './agent.ts' },
    },
  }`);
  expect((await readStatus(installation)).next).toEqual([
    { agent: 'soon', at: Date.parse('2026-11-22T12:00:30Z') },
    { agent: 'late', at: Date.parse('2026-11-23T11:00:00Z') },
  ]);
});

test('a service is healthy while its process lives and its beat is young', async () => {
  const site = await openSite();
  await live(site, 'worker', process.pid);
  const [, young] = (await readStatus(site.installation)).services;
  expect(young).toMatchObject({ name: 'worker', pid: process.pid, phase: 'idle', healthy: true });
  site.clock.advance(20_000);
  const [, old] = (await readStatus(site.installation)).services;
  expect(old).toMatchObject({ healthy: false, beatAgeMs: 20_000 });
});

test('a service whose process is gone is stopped, however young its beat is', async () => {
  const site = await openSite();
  const pid = await exitedProcess();
  await live(site, 'worker', pid);
  const [, gone] = (await readStatus(site.installation)).services;
  expect(gone).toMatchObject({ pid, phase: 'stopped', healthy: false });
});

test('a broken configuration is a fact of the status, not its end', async () => {
  const { installation } = await openSite('export default { agents: 3 }');
  const status = await readStatus(installation);
  expect(status.configError).toContain('agents');
  expect(status.value).toBeNull();
  expect(statusProblems(status)).toContain('the configuration cannot be read');
});

test('what a person should look at is listed', async () => {
  const site = await openSite();
  await deadJob(site, 'k');
  const problems = statusProblems(await readStatus(site.installation));
  expect(problems).toContain('1 dead letters');
  expect(problems).toContain('worker is not healthy (stopped)');
});

test('what is held stands beside what is settled, and goes when its call ends', async () => {
  const site = await openSite();
  const { ledger } = await site.installation.store();
  const settings = await site.installation.settings();
  await ledger.setBudgets(settings.budgets, settings.version, settings.timezone);
  const fence = await claimedJob(site.installation, 'k');
  const principal = {
    job: fence.job,
    attempt: fence.attempt,
    agent: 'digest',
    instance: 'worker-1',
    leaseToken: fence.token,
  };
  const ask = (boundNusd: number) =>
    ledger.reserve({
      principal,
      step: '',
      ordinal: 0,
      endpoint: 'api',
      model: 'm',
      requestHash: 'h',
      priceVersion: 'p',
      boundNusd,
    });
  const taken = await ask(900_000_000);
  if ('refused' in taken) throw new Error(taken.refused.message);
  expect(await ask(200_000_000)).toMatchObject({ refused: { reason: 'cap-day' } });
  const day = async () => (await readStatus(site.installation)).day;
  expect(await day()).toMatchObject({ heldNusd: 900_000_000, settledNusd: 0, capNusd: 1e9 });
  await ledger.end(taken.hold.id, { outcome: 'answered', actualNusd: 1_000 });
  expect(await day()).toMatchObject({ heldNusd: 0, settledNusd: 1_000 });
  expect(await ask(200_000_000)).toHaveProperty('hold');
});

test('caps that a newer configuration replaced are a problem, and drafts that wait are counted', async () => {
  const site = await openSite();
  const { ledger, drafts } = await site.installation.store();
  const settings = await site.installation.settings();
  await ledger.setBudgets([], settings.version, 'UTC');
  const well = await readStatus(site.installation);
  expect(well).toMatchObject({ capsHold: true, drafts: { waiting: 0, oldestAt: null } });
  await ledger.setBudgets([], settings.version + 1, 'UTC');
  const fence = await claimedJob(site.installation, 'k');
  const hash = 'a'.repeat(64);
  await drafts.file(fence, {
    action: 'tell',
    args: '{}',
    argsHash: hash,
    definitionHash: hash,
    target: 'POST',
    targetHash: hash,
    expiresAt: site.clock.now() + 1_000,
  });
  const status = await readStatus(site.installation);
  expect(status.drafts.waiting).toBe(1);
  expect(statusProblems(status).join()).toContain('a newer one has set others');
});

async function live({ installation }: Site, service: ServiceName, pid: number): Promise<void> {
  const { instances } = await installation.store();
  const here = systemProcesses().ref(process.pid)!;
  const entry = { id: service, service, version: '1', configHash: 'x' };
  await instances.register({ ...entry, process: { ...here, pid } });
  await instances.beat(service, BEAT);
}
