import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '@nightshift/domain';
import { textHash } from '@nightshift/store';
import { expect, test } from 'vitest';
import { type Site, claimedJob, openSite } from '../test/site.ts';
import { approveDraft, listDrafts, rejectDraft, showDraft } from './drafts.ts';

const config = (path: string): string => `export default {
  timezone: 'UTC',
  actions: { note: { kind: 'append-file', path: '${path}' } },
  agents: { digest: { entry: './agent.ts', allow: { actions: ['note'] } } },
};
`;

async function drafted(site: Site): Promise<string> {
  const { installation, clock } = site;
  const { note } = (await installation.settings()).actions;
  const args = canonicalJson({ text: 'a line\n' });
  const { drafts } = await installation.store();
  const draft = await drafts.file(await claimedJob(installation, 'k'), {
    action: 'note',
    args,
    argsHash: textHash(args),
    definitionHash: textHash(canonicalJson(note)),
    target: 'append to notes.txt',
    targetHash: textHash('notes.txt'),
    expiresAt: clock.now() + 3_600_000,
  });
  return draft!.id;
}

test('a draft is shown as it would happen, approved once, and not again', async () => {
  const site = await openSite(config('notes.txt'));
  const id = await drafted(site);
  const { installation } = site;
  expect(await showDraft(installation, id)).toMatchObject({
    effect: 'note: append to notes.txt, once, these 7 bytes',
    body: 'a line\n',
    obstacle: null,
  });
  expect(await approveDraft(installation, id)).toMatchObject({
    body: 'a line\n',
    draft: { state: 'approved', decidedBy: 'person:ada' },
  });
  await expect(approveDraft(installation, id)).rejects.toMatchObject({
    code: 'draft-decided',
    exitCode: 69,
  });
  expect(await showDraft(installation, id)).toMatchObject({ obstacle: 'it is approved' });
  expect(await rejectDraft(installation, { id, reason: 'no' })).toMatchObject({
    state: 'rejected',
    result: 'no',
  });
});

test.each([
  ['defined anew', config('other.txt'), 'the action was defined anew since'],
  ['gone', config('x').replace('note:', 'nota:').replace("['note']", '[]'), 'has no action note'],
])('a draft whose action is %s cannot be approved', async (_what, changed, obstacle) => {
  const site = await openSite(config('notes.txt'));
  const id = await drafted(site);
  writeFileSync(join(site.dir, 'nightshift.config.ts'), changed);
  const later = site.again();
  expect((await showDraft(later, id)).obstacle).toContain(obstacle);
  await expect(approveDraft(later, id)).rejects.toMatchObject({ code: 'draft-changed' });
  expect(await listDrafts(later, { state: 'pending', limit: 5 })).toHaveLength(1);
});

test('a draft is not approved after its time, and one that is none is not found', async () => {
  const site = await openSite(config('notes.txt'));
  const id = await drafted(site);
  site.clock.advance(3_600_000);
  const { installation } = site;
  await expect(approveDraft(installation, id)).rejects.toMatchObject({ code: 'draft-expired' });
  await expect(showDraft(installation, 'none')).rejects.toMatchObject({ code: 'not-found' });
  const none = rejectDraft(installation, { id: 'none', reason: 'x' });
  await expect(none).rejects.toMatchObject({ code: 'not-found' });
});
