import { expect, test } from 'vitest';
import { startWeb } from '@nightshift/fakes';
import { onCleanup } from '@nightshift/support';
import type { Denial } from './denials.ts';
import { ask, chatRequest, NEVER, openRig, reasonOf, type Rig, runningJob } from '../test/rig.ts';

interface Scene {
  readonly rig: Rig;
  readonly told: Denial[];
  /** Tries to fetch a URL. */
  readonly reach: (url: string, times?: number) => Promise<string>;
}

async function scene(denied?: () => Promise<void>): Promise<Scene> {
  const rig = await openRig();
  const told: Denial[] = [];
  const broker = rig.another({
    denied: async (denial) => {
      told.push(denial);
      await denied?.();
    },
  });
  const base = { method: 'GET', headers: [], body: new Uint8Array(), step: '', ordinal: 0 };
  const reach = async (url: string, times = 1): Promise<string> => {
    let last = '';
    for (let n = 0; n < times; n++) {
      last = await reasonOf(broker.handle(rig.who, { ...base, url }, NEVER));
    }
    return last;
  };
  return { rig, told, reach };
}

test('the first denied attempt of a job is told at once, a loop of them ever more seldom', async () => {
  const { rig, told, reach } = await scene();
  expect(await reach('http://evil.test/?q=1')).toBe('host-denied');
  const { job, attempt, agent } = rig.who;
  const message = 'digest may not reach evil.test:80';
  expect(told).toEqual([{ job, attempt, agent, reason: 'host-denied', message, count: 1 }]);
  await reach('http://other.test/', 120);
  expect(told.map(({ count }) => count)).toEqual([1, 2, 5, 10, 20, 50, 100]);
  expect(rig.logged.filter((line) => line.includes('egress denied'))).toHaveLength(7);
});

test('each job and each kind of attempt is counted for itself', async () => {
  const told: Denial[] = [];
  const rig = await openRig({ broker: { denied: async (denial) => void told.push(denial) } });
  const second = { ...rig, who: await runningJob(rig.store, rig.clock, 'job-2') };
  for (const each of [rig, second]) {
    await reasonOf(ask(each, { model: 'dear' }));
    await reasonOf(ask(each, { model: 'dear' }));
    await reasonOf(ask(each, { web_search_options: {} }));
  }
  expect(told.map(({ job, reason, count }) => [job, reason, count])).toEqual([
    [rig.who.job, 'model-unknown', 1],
    [rig.who.job, 'model-unknown', 2],
    [rig.who.job, 'request-denied', 1],
    [second.who.job, 'model-unknown', 1],
    [second.who.job, 'model-unknown', 2],
    [second.who.job, 'request-denied', 1],
  ]);
});

test('a cap, a halt and a robots.txt say nothing about the agent', async () => {
  const told: Denial[] = [];
  const web = await startWeb({
    routes: { '/robots.txt': { body: 'User-agent: *\nDisallow: /' }, '/page': { body: 'page' } },
  });
  onCleanup(() => web.close());
  const rig = await openRig({
    budgets: [{ scope: 'global', window: 'day', capNusd: 1 }],
    broker: { denied: async (denial) => void told.push(denial) },
  });
  const hosts = [`127.0.0.1:${web.port}`];
  const none = { methods: [], read: [], git: [], models: [], actions: [] };
  const open = rig.another({ agents: { digest: { hosts, ...none } } });
  const page = { method: 'GET', url: `${web.url}/page`, headers: [], step: '', ordinal: 0 };
  const fetched = open.handle(rig.who, { ...page, body: new Uint8Array() }, NEVER);
  expect(await reasonOf(fetched)).toBe('robots-denied');
  expect(await reasonOf(ask(rig))).toBe('cap-day');
  await rig.store.control.halt('stop', { kind: 'person', name: 'tester' });
  expect(await reasonOf(rig.broker.handle(rig.who, chatRequest(rig), NEVER))).toBe('halted');
  expect(told).toEqual([]);
});

test('a denial that cannot be recorded is still a denial', async () => {
  const { rig, reach } = await scene(() => Promise.reject(new Error('disk full')));
  expect(await reach('http://evil.test/')).toBe('host-denied');
  expect(rig.logged.join('\n')).toContain('a denial was not recorded');
});
