import { startWeb } from '@nightshift/fakes';
import { systemClock } from '@nightshift/domain';
import { approveDraft, rejectDraft } from '@nightshift/operate';
import { onCleanup } from '@nightshift/support';
import { expect, test } from 'vitest';
import { configOf, decided, drafted, operator, webhook } from '../processes/support/drafts.ts';
import { openSite } from '../processes/support/site.ts';

test('an agent that was not given an action cannot draft it', async () => {
  const web = await webhook();
  const site = await openSite(configOf(`'${web.url}/hook'`));
  const worker = site.supervise('worker');
  const wishes = [{ action: 'hook', args: {} }];
  const job = await site.ended(await site.enqueue('b', { wishes }));
  expect(job).toMatchObject({ state: 'dead', lastError: { code: 'request-denied' } });
  expect(await site.store.drafts.list({ limit: 5 })).toEqual([]);
  const events = await site.store.events.since(0, 1_000);
  expect(events.find(({ kind }) => kind === 'egress.denied')).toMatchObject({
    ref: job.id,
    data: { agent: 'b', reason: 'request-denied', message: 'b may not draft "hook"', count: 1 },
  });
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
