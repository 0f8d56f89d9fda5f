import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claimedJob, deadJob, openSite } from '../test/site.ts';
import { listAgents, pauseAgent } from './agents.ts';
import { checkConfiguration } from './check.ts';
import { drop, dropAll, listDeadLetters, redrive, redriveAll } from './dead-letters.ts';
import { enqueue } from './enqueue.ts';
import { cancelJob, showJob } from './jobs.ts';
import { listAlerts } from './alerts.ts';
import { resetBreaker } from './breakers.ts';
import { showReport } from './reports.ts';

test('a key that was used before makes nothing and gives the job it made', async () => {
  const { installation } = await openSite();
  const first = await enqueue(installation, { agent: 'digest', key: 'once' });
  const second = await enqueue(installation, { agent: 'digest', key: 'once' });
  expect(first.created).toBe(true);
  expect(second).toEqual({ created: false, job: first.job });
});

test('an unknown agent is refused with the nearest name, and nothing is enqueued', async () => {
  const { installation } = await openSite();
  const asked = enqueue(installation, { agent: 'digset' });
  await expect(asked).rejects.toMatchObject({
    code: 'unknown-agent',
    exitCode: 64,
    fix: 'did you mean digest?',
  });
  const { queued, waiting } = await (await installation.store()).jobs.counts();
  expect(queued + waiting).toBe(0);
});

test('a key of more than 200 bytes and an input of more than a megabyte are refused', async () => {
  const { installation } = await openSite();
  const key = enqueue(installation, { agent: 'digest', key: 'k'.repeat(201) });
  await expect(key).rejects.toMatchObject({ code: 'bad-key', exitCode: 64 });
  const input = enqueue(installation, { agent: 'digest', input: 'x'.repeat(1_048_576) });
  await expect(input).rejects.toMatchObject({ code: 'bad-input', exitCode: 64 });
});

test('a dead letter is redriven once', async () => {
  const site = await openSite();
  const { id } = await deadJob(site, 'k');
  await redrive(site.installation, id);
  await expect(redrive(site.installation, id)).rejects.toMatchObject({ code: 'not-dead' });
  expect((await showJob(site.installation, id)).job.state).toBe('queued');
  await expect(redrive(site.installation, 'none')).rejects.toMatchObject({ code: 'not-found' });
});

test('a dead letter is dropped once, and bulk orders go by agent and reason', async () => {
  const site = await openSite();
  const { installation } = site;
  const { id } = await deadJob(site, 'k');
  await drop(installation, id);
  await expect(drop(installation, id)).rejects.toMatchObject({
    code: 'not-dead',
    message: `job ${id} is no dead letter: it is cancelled`,
  });
  await expect(drop(installation, 'none')).rejects.toMatchObject({ code: 'not-found' });
  for (const key of ['a', 'b']) await deadJob(site, key);
  expect(await dropAll(installation, { reason: 'crashed', limit: 10 })).toBe(0);
  expect(await listDeadLetters(installation, { reason: 'cap-job', limit: 10 })).toHaveLength(2);
  expect(await dropAll(installation, { reason: 'cap-job', limit: 10 })).toBe(2);
  expect(await listDeadLetters(installation, { limit: 10 })).toEqual([]);
});

test('a running job cannot be redriven, and only as an agent that there is', async () => {
  const site = await openSite();
  const { installation } = site;
  const { job } = await claimedJob(installation, 'runs');
  await expect(redrive(installation, job)).rejects.toMatchObject({
    code: 'not-dead',
    message: `job ${job} is no dead letter: it is running`,
  });
  const dead = await deadJob(site, 'k');
  await expect(redrive(installation, dead.id, 'wath')).rejects.toMatchObject({
    code: 'unknown-agent',
    fix: 'did you mean watch?',
  });
  await redrive(installation, dead.id, 'watch');
  const { jobs } = await installation.store();
  expect(await jobs.get(dead.id)).toMatchObject({ agent: 'watch', state: 'queued' });
});

test('a check says each schedule in words, with its next five runs', async () => {
  const { dir, clock } = await openSite(`export default {
    timezone: 'America/New_York',
    agents: {
      nightly: { entry: './agent.ts', schedule: '30 2 * * *' },
      often: { entry: './agent.ts', every: '30s' },
      asked: { entry: './agent.ts' },
    },
  };`);
  clock.stepTo(Date.parse('2026-10-30T12:00:00Z'));
  const { agents } = await checkConfiguration({ cwd: dir, clock });
  expect(agents.map((it) => it.runs)).toEqual([
    'At 02:30 (America/New_York)',
    'every 30 seconds',
    null,
  ]);
  const [nightly] = agents.map((it) => it.next.map((at) => new Date(at).toISOString()));
  expect(nightly?.slice(0, 3)).toEqual([
    '2026-10-31T06:30:00.000Z',
    '2026-11-01T07:30:00.000Z',
    '2026-11-02T07:30:00.000Z',
  ]);
  expect(agents.map((it) => it.next.length)).toEqual([5, 5, 0]);
});

test('all dead letters of an agent are redriven and counted', async () => {
  const site = await openSite();
  await deadJob(site, 'a');
  await deadJob(site, 'b');
  expect(await redriveAll(site.installation, { agent: 'watch', limit: 10 })).toBe(0);
  expect(await redriveAll(site.installation, { limit: 10 })).toBe(2);
});

test('a queued job is cancelled, a running one is asked to end, a finished one is refused', async () => {
  const { installation } = await openSite();
  const { job } = await enqueue(installation, { agent: 'digest' });
  expect(await cancelJob(installation, job!.id)).toBe('cancelled');
  await expect(cancelJob(installation, job!.id)).rejects.toMatchObject({ code: 'job-finished' });
  const running = await claimedJob(installation, 'running');
  expect(await cancelJob(installation, running.job)).toBe('asked');
});

test('a paused agent is listed as paused, and the audit says who paused it', async () => {
  const { installation } = await openSite();
  await pauseAgent(installation, 'digest');
  const paused = (await listAgents(installation)).filter((it) => it.paused);
  expect(paused.map((it) => it.agent.name)).toEqual(['digest']);
  const [row] = await (await installation.store()).audit.list(1);
  expect(row).toMatchObject({ actor: 'person:ada', action: 'agent.pause', subject: 'digest' });
});

test('missing entries are reported together, each with its place', async () => {
  const { dir } = await openSite();
  rmSync(join(dir, 'agent.ts'));
  const checked = checkConfiguration({ cwd: dir });
  await expect(checked).rejects.toMatchObject({ code: 'config-invalid', exitCode: 78 });
  await expect(checked).rejects.toThrow(/agents\.digest\.entry[^]*agents\.watch\.entry/);
});

test('things that are not there are named', async () => {
  const { installation } = await openSite();
  await expect(showReport(installation, 'latest')).rejects.toMatchObject({ code: 'not-found' });
  await expect(resetBreaker(installation, 'x')).rejects.toMatchObject({ code: 'not-found' });
  expect(await listAlerts(installation, { all: true, limit: 5 })).toEqual([]);
});
