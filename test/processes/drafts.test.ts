import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type WebServer, startWeb } from '@nightshift/fakes';
import { type Draft, systemClock } from '@nightshift/domain';
import { approveDraft, openInstallation, rejectDraft, showDraft } from '@nightshift/operate';
import { onCleanup, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, type Site, fixtureAgent, openSite } from './support/site.ts';

const FINAL = new Set(['done', 'failed', 'rejected', 'expired']);

async function webhook(): Promise<WebServer> {
  const web = await startWeb({ routes: { '/hook': { status: 204 } } });
  onCleanup(() => web.close());
  return web;
}

function configOf(url: string): string {
  return `{
    timezone: 'UTC',
    times: ${JSON.stringify(QUICK_TIMES)},
    actions: { hook: webhookPost({ url: ${url} }), note: appendFile({ path: 'notes.txt' }) },
    agents: {
      a: { entry: ${JSON.stringify(fixtureAgent('drafts'))}, allow: { actions: ['hook', 'note'] } },
      b: { entry: ${JSON.stringify(fixtureAgent('drafts'))} },
    },
  }`;
}

function operator(site: Site) {
  const installation = openInstallation({
    cwd: site.dir,
    stateDir: site.stateDir,
    create: false,
    actor: { kind: 'person', name: 'ada' },
  });
  onCleanup(() => installation.close());
  return installation;
}

async function drafted(site: Site, wishes: unknown): Promise<readonly string[]> {
  const job = await site.ended(await site.enqueue('a', { wishes }));
  expect(job.lastError).toBeNull();
  const [report] = await site.store.reports.list({ agent: 'a', limit: 1 });
  return (report!.data as unknown as { ids: string[] }).ids;
}

function decided(site: Site, id: string): Promise<Draft> {
  return waitUntil(
    async () => {
      const draft = await site.store.drafts.get(id);
      return draft !== null && FINAL.has(draft.state) && draft;
    },
    { what: `draft ${id} to end`, timeoutMs: 30_000, everyMs: 25 },
  ) as Promise<Draft>;
}

test('nothing happens until a person approves, then exactly those bytes, once', async () => {
  const web = await webhook();
  const site = await openSite(configOf("env('HOOK')"), { HOOK: `${web.url}/hook?key=sekrit-key` });
  const worker = site.supervise('worker');
  const args = { z: [1, 2.5], a: { text: 'Grüße "quoted" \u2028', n: null } };
  const [hook = '', note = ''] = await drafted(site, [
    { action: 'hook', args },
    { action: 'note', args: { text: 'one line\n' } },
    { action: 'hook', args },
  ]);
  const me = operator(site);
  const view = await showDraft(me, hook);
  expect(view).toMatchObject({ obstacle: null, draft: { state: 'pending' } });
  expect(view.effect).toContain(`POST to ${web.url}/… (the URL in HOOK)`);
  // A job that ran and ended after the draft is proof that the worker had its chance to act on it.
  expect(await site.ended(await site.enqueue('b', { wishes: [] }))).toMatchObject({
    state: 'done',
  });
  expect(web.requests()).toHaveLength(0);

  await Promise.all([approveDraft(me, hook), approveDraft(me, note)]);
  await expect(approveDraft(operator(site), hook)).rejects.toMatchObject({ code: 'draft-decided' });
  expect(await decided(site, hook)).toMatchObject({ state: 'done', happened: 'yes' });
  expect(await decided(site, note)).toMatchObject({ state: 'done' });
  const [request, ...others] = web.requests();
  expect(others).toEqual([]);
  expect(request).toMatchObject({
    method: 'POST',
    path: '/hook?key=sekrit-key',
    rawBody: '{"a":{"n":null,"text":"Grüße \\"quoted\\" \u2028"},"z":[1,2.5]}',
  });
  expect(request?.rawBody).toBe(view.body);
  expect(readFileSync(path.join(site.dir, 'notes.txt'), 'utf8')).toBe('one line\n');
  const audit = await site.store.audit.list(10);
  expect(audit.map(({ action, actor }) => `${actor} ${action}`)).toContain(
    'person:ada draft.approve',
  );
  expect(await worker.stop()).toBe(0);
});

test('an agent that was not given an action cannot draft it', async () => {
  const web = await webhook();
  const site = await openSite(configOf(`'${web.url}/hook'`));
  const worker = site.supervise('worker');
  const wishes = [{ action: 'hook', args: {} }];
  const job = await site.ended(await site.enqueue('b', { wishes }));
  expect(job).toMatchObject({ state: 'dead', lastError: { code: 'request-denied' } });
  expect(await site.store.drafts.list({ limit: 5 })).toEqual([]);
  expect(await worker.stop()).toBe(0);
});

test('a receiver that says no, or is not there, is told as that and never asked again', async () => {
  const web = await startWeb({ routes: { '/hook': [{ status: 403 }, { reset: true }] } });
  onCleanup(() => web.close());
  const site = await openSite(configOf(`'${web.url}/hook'`));
  const worker = site.supervise('worker');
  const [no = '', cut = '', gone = ''] = await drafted(
    site,
    [1, 2, 3].map((n) => ({ action: 'hook', args: { n } })),
  );
  const me = operator(site);
  await approveDraft(me, no);
  expect(await decided(site, no)).toMatchObject({ state: 'failed', happened: 'no' });
  await approveDraft(me, cut);
  expect(await decided(site, cut)).toMatchObject({ state: 'failed', happened: 'unknown' });
  await web.close();
  const { draft } = await approveDraft(me, gone);
  expect(await decided(site, gone)).toMatchObject({ state: 'failed', happened: 'no' });
  const job = await site.ended(draft.execution!);
  expect(job).toMatchObject({ state: 'dead', attempts: 1, lastError: { code: 'action-failed' } });
  expect(await worker.stop()).toBe(0);
});

test('an approval of what changed since, and an execution after a rejection, are refused', async () => {
  const web = await webhook();
  const site = await openSite(configOf(`'${web.url}/hook'`));
  const worker = site.supervise('worker');
  const [first = '', second = ''] = await drafted(site, [
    { action: 'hook', args: { n: 1 } },
    { action: 'hook', args: { n: 2 } },
  ]);
  expect(await worker.stop()).toBe(0);
  await approveDraft(operator(site), first);
  const job = (await site.store.drafts.get(first))?.execution ?? '';
  // The same name means another address from here on: for the next approval and for the last one.
  site.configure(configOf(`'${web.url}/elsewhere'`));
  await expect(approveDraft(operator(site), second)).rejects.toMatchObject({
    code: 'draft-changed',
    exitCode: 69,
  });
  await rejectDraft(operator(site), { id: second, reason: 'not there' });
  const heir = site.supervise('worker');
  expect(await site.ended(job)).toMatchObject({
    state: 'dead',
    lastError: { code: 'draft-changed' },
  });
  expect(await decided(site, first)).toMatchObject({ state: 'failed', happened: 'no' });
  expect(web.requests()).toHaveLength(0);
  expect(await heir.stop()).toBe(0);
});

test('a worker killed in the middle of an action leaves it unknown, and it is not done again', async () => {
  const web = await startWeb({ routes: { '/hook': [{ silent: true }, { status: 204 }] } });
  onCleanup(() => web.close());
  const site = await openSite(configOf(`'${web.url}/hook'`));
  const worker = site.supervise('worker');
  const [id = ''] = await drafted(site, [{ action: 'hook', args: { n: 1 } }]);
  const { draft } = await approveDraft(operator(site), id);
  await web.waitForRequests(1, '/hook');
  worker.current.kill('SIGKILL');
  const job = await site.ended(draft.execution!);
  expect(job).toMatchObject({ state: 'dead', lastError: { code: 'action-unknown' } });
  expect(await decided(site, id)).toMatchObject({ state: 'failed', happened: 'unknown' });
  expect(await site.store.jobs.redrive(job.id, { kind: 'person', name: 'ada' })).toBe('queued');
  await site.ended(job.id);
  expect(web.count('/hook')).toBe(1);
  expect(await worker.stop()).toBe(0);
});

test('workers killed at random around approvals never do anything twice', async () => {
  const web = await webhook();
  const site = await openSite(configOf(`'${web.url}/hook'`));
  const worker = site.supervise('worker');
  const count = 12;
  const ids = await drafted(
    site,
    Array.from({ length: count }, (_, n) => ({ action: 'hook', args: { n } })),
  );
  const me = operator(site);
  const killUntil = systemClock.monotonic() + 4_000;
  for (const [i, id] of ids.entries()) {
    await approveDraft(me, id);
    if (i % 3 === 0 && systemClock.monotonic() < killUntil) worker.current.kill('SIGKILL');
  }
  const ended = await Promise.all(ids.map((id) => decided(site, id)));
  const bodies = web.requests().map(({ rawBody }) => rawBody);
  expect(new Set(bodies).size).toBe(bodies.length);
  const done = ended.filter(({ state }) => state === 'done');
  expect(bodies).toEqual(expect.arrayContaining(done.map(({ args }) => args)));
  // What is not known to have happened is said to be unknown; nothing is silently lost.
  const rest = ended.filter(({ state }) => state !== 'done');
  expect(rest.every(({ happened }) => happened === 'unknown')).toBe(true);
  expect(await worker.stop()).toBe(0);
});
