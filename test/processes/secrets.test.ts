import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startModelServer, startWeb } from '@nightshift/fakes';
import { approveDraft, openInstallation, showDraft } from '@nightshift/operate';
import { onCleanup, repoRoot, spawnNode, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from './support/site.ts';

const PRICES = {
  'test-model': { inputNusdPerMTok: 3_000_000_000, outputNusdPerMTok: 15_000_000_000 },
};
/** Values that are nowhere else in the world, so that finding one is proof. */
const KEY = 'sk-3f9c1f6a7e2b4d5c8a90';
const HOOK = 'hook-7d1e0b2c9a8f4e6d5c3b';
const TOPIC = 'topic-8b7a6c5d4e3f2a1b0c9d';

/** What a secret looks like once something encoded it. */
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [secret, bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
}

/** Every file below a folder with its bytes as latin-1, so that nothing is lost to decoding. */
function filesBelow(dir: string): readonly { readonly file: string; readonly text: string }[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({ file, text: readFileSync(file, 'latin1') }));
}

test('secrets are in no file of the state, no output and no answer of a command', async () => {
  const model = await startModelServer({ prices: PRICES, requireKey: KEY });
  const web = await startWeb({
    routes: {
      '/page': { body: 'a page' },
      [`/${HOOK}`]: [{ status: 204 }, { status: 500, body: `no, ${HOOK}` }, { reset: true }],
    },
  });
  onCleanup(() => Promise.all([model.close(), web.close()]));
  const site = await openSite(
    `{
      timezone: 'UTC',
      budget: { perDay: '$5.00' },
      times: ${JSON.stringify(QUICK_TIMES)},
      models: { default: openaiCompatible({ baseUrl: '${model.url}/v1', model: 'test-model',
        name: 'fake', apiKey: env('MODEL_KEY'),
        price: { inputPerMTok: '$3.00', outputPerMTok: '$15.00' } }) },
      actions: { hook: webhookPost({ url: env('HOOK') }) },
      alerts: { channels: [ntfy({ server: '${web.url}', topic: env('TOPIC') })] },
      agents: {
        a: { entry: ${JSON.stringify(fixtureAgent('three-steps'))},
          allow: { hosts: ['127.0.0.1:${web.port}'], models: ['default'] } },
        d: { entry: ${JSON.stringify(fixtureAgent('drafts'))}, allow: { actions: ['hook'] } },
      },
    }`,
    { MODEL_KEY: KEY, HOOK: `${web.url}/${HOOK}` },
  );
  writeFileSync(path.join(site.dir, '.env'), `TOPIC=${TOPIC}\n`);
  const worker = site.supervise('worker');
  const watchdog = site.supervise('watchdog');
  const outputs: string[] = [];

  // A run that is paid for, one whose key is refused by its provider, and one that fails.
  const input = { baseUrl: `${model.url}/v1`, page: `${web.url}/page` };
  expect(await site.ended(await site.enqueue('a', input))).toMatchObject({ state: 'done' });
  model.script([{ status: 401, code: KEY }]);
  await site.ended(await site.enqueue('a', input, 1));
  await site.ended(await site.enqueue('a', { baseUrl: `${model.url}/other`, page: '' }, 1));

  // Three drafts: one that is taken, one that is answered with the secret, one that is cut.
  const wishes = [1, 2, 3].map((n) => ({ action: 'hook', args: { n } }));
  await site.ended(await site.enqueue('d', { wishes }));
  const drafts = await site.store.drafts.list({ limit: 5 });
  expect(drafts).toHaveLength(3);
  const me = openInstallation({ cwd: site.dir, stateDir: site.stateDir, create: false });
  onCleanup(() => me.close());
  for (const { id } of drafts) {
    outputs.push(JSON.stringify(await showDraft(me, id)));
    outputs.push(JSON.stringify(await approveDraft(me, id)));
  }
  await waitUntil(
    async () =>
      (await site.store.drafts.list({ limit: 5 })).every(({ endedAt }) => endedAt !== null),
    { what: 'the drafts to end', timeoutMs: 20_000 },
  );
  expect(web.count(`/${HOOK}`)).toBe(3);

  for (const args of [
    ['status'],
    ['jobs', 'list'],
    ['dlq'],
    ['drafts'],
    ['spend', 'export'],
    ['check'],
  ]) {
    const child = spawnNode(
      [path.join(repoRoot, 'packages/cli/src/main.ts'), ...args, '--state-dir', site.stateDir],
      { cwd: site.dir, env: { MODEL_KEY: KEY, HOOK: `${web.url}/${HOOK}` } },
    );
    await child.exited;
    outputs.push(child.stdout, child.stderr);
  }
  await Promise.all([worker.stop(), watchdog.stop()]);
  for (const { stdout, stderr } of [worker.current, watchdog.current]) outputs.push(stdout, stderr);

  const files = filesBelow(site.stateDir);
  expect(files.map(({ file }) => path.basename(file))).toContain('nightshift.db');
  expect(outputs.join('').length).toBeGreaterThan(1_000);
  const places = [...files, ...outputs.map((text, i) => ({ file: `output ${i}`, text }))];
  // The search finds what is there, and the secrets were really used.
  const finds = (text: string) => places.filter((it) => it.text.includes(text)).length;
  expect([finds('three-steps'), finds('draft.approve')].every((n) => n > 0)).toBe(true);
  expect(JSON.stringify(model.requests())).toContain(KEY);
  for (const secret of [KEY, HOOK, TOPIC].flatMap(spellings)) {
    const found = places.filter(({ text }) => text.includes(secret)).map(({ file }) => file);
    expect({ secret, found }).toEqual({ secret, found: [] });
  }
});
