import path from 'node:path';
import { DRILLS } from '@nightshift/domain';
import { systemProcesses } from '@nightshift/lifecycle';
import { createDrillStore, openStore } from '@nightshift/store';
import { ticketHandle } from '@nightshift/store/tickets';
import { startNtfy } from '@nightshift/fakes';
import { type Child, onCleanup, repoRoot, spawnNode, waitUntil } from '@nightshift/support';
import { systemClock } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { QUICK_TIMES, type Site, fixtureAgent, openSite } from '../processes/support/site.ts';

const CLI = path.join(repoRoot, 'packages/cli/src/main.ts');
/** All drills on a fresh installation, at the default times. */
const ALL_MS = 180_000;

interface Result {
  readonly name: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly notes: readonly { readonly at: number; readonly note: string }[];
}

function cli(site: Site, stateDir: string, ...words: string[]): Child {
  const config = path.join(site.dir, 'nightshift.config.ts');
  return spawnNode([CLI, '--config', config, '--state-dir', stateDir, ...words], { cwd: site.dir });
}

/** Runs drills as a person does. */
async function drill(site: Site, name: string, stateDir = site.stateDir) {
  const command = cli(site, stateDir, 'drill', name, '--json');
  const { code } = await command.exited;
  const { drills = [] } = JSON.parse(command.stdout) as { drills?: readonly Result[] };
  return { code, drills, stderr: command.stderr };
}

function configOf(ntfy: string, more = ''): string {
  return `{
    timezone: 'UTC', budget: { perDay: '$1.00' }, ${more}
    alerts: { channels: [ntfy({ server: '${ntfy}', topic: 'nights' })] },
    agents: { a: { entry: ${JSON.stringify(fixtureAgent('say-hello'))} } },
  }`;
}

const QUICK = `times: ${JSON.stringify(QUICK_TIMES)},`;

async function phone() {
  const ntfy = await startNtfy();
  onCleanup(() => ntfy.close());
  return ntfy;
}

/** The three services under quick times, up and seen to be. */
async function quickSite(url: string) {
  const site = await openSite(configOf(url, QUICK));
  const scheduler = site.supervise('scheduler');
  const worker = site.supervise('worker');
  const watchdog = site.supervise('watchdog');
  await allUp(site);
  return { site, scheduler, worker, watchdog };
}

async function allUp(site: Pick<Site, 'store'>): Promise<void> {
  const up = async (): Promise<boolean> => {
    const lives = await site.store.instances.running('scheduler', 'worker', 'watchdog');
    return lives.filter(({ phase }) => phase !== 'starting').length === 3;
  };
  await waitUntil(up, { what: 'three services to be up', timeoutMs: 60_000 });
}

/** Nothing that a drill does is there any more. */
async function expectUndone(site: Site): Promise<void> {
  const { store } = site;
  expect((await store.control.read()).halted).toBe(false);
  expect(await store.jobs.counts()).toMatchObject({ queued: 0, running: 0, dead: 0 });
  const status = cli(site, site.stateDir, 'status', '--json');
  await status.exited;
  expect(JSON.parse(status.stdout)).toMatchObject({ halted: false });
}

test('all drills pass on a fresh installation within three minutes, one marked message each', async () => {
  const ntfy = await phone();
  const site = await openSite(configOf(ntfy.url));
  const fresh = path.join(site.dir, 'fresh');
  const up = cli(site, fresh, 'up');
  await up.prints(/watchdog +started/, 60_000);
  // What is tried with a watchdog that has not come up yet is tried without one.
  const healthy = async (): Promise<boolean> => {
    const status = cli(site, fresh, 'status', '--check');
    return (await status.exited).code === 0;
  };
  await waitUntil(healthy, { what: 'a healthy status', timeoutMs: 60_000, everyMs: 200 });
  const from = performance.now();
  const { code, drills, stderr } = await drill(site, 'all', fresh);
  const tookMs = performance.now() - from;
  process.stdout.write(`\n${timesOf(drills, tookMs)}\n`);
  expect(stderr).not.toContain('nightshift:');
  expect(drills.map(({ name, outcome, reason }) => ({ name, outcome, reason }))).toEqual(
    expect.arrayContaining(DRILLS.map((name) => ({ name, outcome: 'passed', reason: null }))),
  );
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(ALL_MS);
  // Of the cap nobody hears: a call that is refused is no news.
  expect(ntfy.messages().map(({ title }) => title)).toEqual([
    'Drill: this message proves the channel',
    'Endpoint nightshift-drill is cut off by its breaker',
    'A job is dead: nightshift-drill',
    'Drill: everything is halted for a moment',
    'Drill: The worker is silent',
  ]);
  const status = cli(site, fresh, 'status', '--json');
  await status.exited;
  const ages = (JSON.parse(status.stdout) as { drills: Result[] }).drills;
  expect(new Set(ages.map(({ name }) => name))).toEqual(new Set(DRILLS));
  up.kill('SIGINT');
  expect((await up.exited).code).toBe(0);
}, 300_000);

/** When each drill ended, from its evidence. */
function timesOf(drills: readonly Result[], tookMs: number): string {
  const rows = drills.map(({ name, outcome, notes }) => {
    const [first, last] = [notes[0]?.at ?? 0, notes.at(-1)?.at ?? 0];
    return `${name.padEnd(12)} ${outcome.padEnd(8)} ${String(last - first).padStart(6)} ms of evidence`;
  });
  return [`drill all: ${Math.round(tookMs)} ms`, ...rows].join('\n');
}

describe('a drill that dies in the middle', () => {
  test.each([
    ['kill-switch', 'no job can be claimed', 'its halt is over'],
    ['out-of-band', 'is stopped', 'its halt is over'],
    ['dead-letter', 'is a dead letter', 'is cancelled'],
  ])('%s is undone by the watchdog, which says so', async (name, at, undone) => {
    const ntfy = await phone();
    const { site } = await quickSite(ntfy.url);
    const command = cli(site, site.stateDir, 'drill', name);
    await command.prints(at, 30_000);
    command.kill('SIGKILL');
    const told = () => ntfy.messages().find(({ title }) => title === `The drill ${name} died`);
    await waitUntil(told, { what: 'the watchdog to say so', timeoutMs: 20_000 });
    expect(told()?.message).toContain(undone);
    await expectUndone(site);
    // Whoever was stopped goes on, or another one does.
    const alive = async (): Promise<boolean> => {
      const life = (await site.store.instances.running('worker'))[0];
      return life !== undefined && systemProcesses().liveness(life) === 'alive';
    };
    await waitUntil(alive, { what: 'a worker', timeoutMs: 20_000 });
    // The next one is not in the way of the dead one.
    expect(await drill(site, 'cap')).toMatchObject({ code: 0 });
  });
});

test('out-of-band fails when the watchdog is wedged, and leaves the worker running', async () => {
  const ntfy = await phone();
  const { site, watchdog, worker } = await quickSite(ntfy.url);
  watchdog.current.kill('SIGSTOP');
  const { code, drills } = await drill(site, 'out-of-band');
  expect(code).toBe(1);
  expect(drills).toMatchObject([{ outcome: 'failed' }]);
  expect(drills[0]?.reason).toMatch(/waited .* for the worker to be dead/);
  await expectUndone(site);
  const beats = async () => (await site.store.instances.running('worker'))[0]?.loopSeq ?? 0;
  const before = await beats();
  await waitUntil(async () => (await beats()) > before, { what: 'the worker to go on' });
  expect(worker.starts).toBe(1);
});

test('alert fails when the channel of a running watchdog takes nothing', async () => {
  const ntfy = await phone();
  const { site } = await quickSite(ntfy.url);
  await ntfy.close();
  const { code, drills } = await drill(site, 'alert');
  expect({ code, outcome: drills[0]?.outcome }).toEqual({ code: 1, outcome: 'failed' });
});

test('drills that are due run by themselves', async () => {
  const ntfy = await phone();
  const site = await openSite(configOf(ntfy.url, `${QUICK} drills: { schedule: '0 0 * * *' },`));
  // Made two days ago: a slot has passed since.
  const twoDays = 2 * 24 * 3_600_000;
  const madeAt = String(systemClock.now() - twoDays);
  ticketHandle(site.store)
    .prepare(`UPDATE meta SET value = ? WHERE name = 'created_at'`)
    .run(madeAt);
  for (const service of ['worker', 'watchdog', 'scheduler'] as const) site.supervise(service);
  const store = await openStore({ stateDir: site.stateDir, clock: systemClock, mode: 'existing' });
  onCleanup(() => store.close());
  const passed = async (): Promise<number> =>
    (await createDrillStore(store).newest()).filter(({ outcome }) => outcome === 'passed').length;
  await waitUntil(async () => (await passed()) === DRILLS.length, {
    what: 'every drill to have passed',
    timeoutMs: 120_000,
    everyMs: 200,
  });
  const ended = () => site.logs().filter(({ event }) => event === 'drills-end');
  await waitUntil(() => ended().length === 1, { what: 'the scheduler to say so' });
  expect(ended()).toMatchObject([{ level: 'info' }]);
  await expectUndone(site);
});
