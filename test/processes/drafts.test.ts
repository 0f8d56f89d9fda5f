import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startWeb } from '@nightshift/fakes';
import { approveDraft, showDraft } from '@nightshift/operate';
import { onCleanup } from '@nightshift/support';
import { expect, test } from 'vitest';
import { configOf, decided, drafted, operator, webhook } from './support/drafts.ts';
import { openSite } from './support/site.ts';

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
