import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claimedJob, deadJob, openSite } from '../test/site.ts';
import { listAgents, pauseAgent } from './agents.ts';
import { checkConfiguration } from './check.ts';
import { redrive, redriveAll } from './dead-letters.ts';
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
