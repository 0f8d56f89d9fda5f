import { type WebServer, startWeb } from '@nightshift/fakes';
import type { Draft } from '@nightshift/domain';
import { openInstallation } from '@nightshift/operate';
import { onCleanup, waitUntil } from '@nightshift/support';
import { expect } from 'vitest';
import { QUICK_TIMES, type Site, fixtureAgent } from './site.ts';

const FINAL = new Set(['done', 'failed', 'rejected', 'expired']);

export async function webhook(): Promise<WebServer> {
  const web = await startWeb({ routes: { '/hook': { status: 204 } } });
  onCleanup(() => web.close());
  return web;
}

export function configOf(url: string): string {
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

export function operator(site: Site) {
  const installation = openInstallation({
    cwd: site.dir,
    stateDir: site.stateDir,
    create: false,
    actor: { kind: 'person', name: 'ada' },
  });
  onCleanup(() => installation.close());
  return installation;
}

export async function drafted(site: Site, wishes: unknown): Promise<readonly string[]> {
  const job = await site.ended(await site.enqueue('a', { wishes }));
  expect(job.lastError).toBeNull();
  const [report] = await site.store.reports.list({ agent: 'a', limit: 1 });
  return (report!.data as unknown as { ids: string[] }).ids;
}

export function decided(site: Site, id: string): Promise<Draft> {
  return waitUntil(
    async () => {
      const draft = await site.store.drafts.get(id);
      return draft !== null && FINAL.has(draft.state) && draft;
    },
    { what: `draft ${id} to end`, timeoutMs: 30_000, everyMs: 25 },
  ) as Promise<Draft>;
}
