import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { startNtfy } from '@nightshift/fakes';
import { systemClock } from '@nightshift/domain';
import { readWatchStore } from '@nightshift/store';
import { onCleanup, repoRoot, spawnNode, tempDir, waitUntil } from '@nightshift/support';
import { describe, expect, test } from 'vitest';
import { Face } from '../soak/face.mjs';
import { QUICK_TIMES, fixtureAgent, openSite } from '../processes/support/site.ts';

/** Slower than elsewhere: a machine that is busy must not look like one that slept. */
const TIMES = { ...QUICK_TIMES, tick: '200ms', beat: '200ms', silent: '3s', lease: '6s' } as const;
const SILENT_MS = 3_000;
/** As long as the watchdog may take to find somebody silent, and again. */
const AFTERWARDS_MS = 3 * SILENT_MS;
const HOUR = 3_600_000;
const LOCK_HOLDER = path.join(repoRoot, 'packages/store/test/fixtures/write-lock-holder.ts');

/** Lets the machine's time pass. */
async function passes(ms: number): Promise<void> {
  const until = performance.now() + ms;
  await waitUntil(() => performance.now() >= until, { what: 'a while', timeoutMs: 4 * ms });
}

/** Three services at work on a clock of the test's own, and a phone. */
async function night() {
  const ntfy = await startNtfy();
  const face = Face.create(path.join(tempDir('clock'), 'face.json'), systemClock.now(), 1);
  onCleanup(async () => {
    face.close();
    await ntfy.close();
  });
  const clock = pathToFileURL(path.join(repoRoot, 'test/soak/clock.mjs'));
  clock.searchParams.set('face', face.path);
  const site = await openSite(
    `{
      timezone: 'UTC', sandbox: 'direct', times: ${JSON.stringify(TIMES)},
      // That the clock was set is true, and told: the uptime of this machine did not move with it.
      alerts: { rules: { 'clock-jump': { after: '24h' } }, channels: [ntfy({ server: '${ntfy.url}', topic: 'nights' })] },
      agents: { a: { entry: ${JSON.stringify(fixtureAgent('waits-long'))}, timeout: '24h',
                     allow: { read: [${JSON.stringify(face.path)}] } } },
    }`,
    { NIGHTSHIFT_TEST_CLOCK: clock.href, NODE_OPTIONS: `--import=${clock.href}` },
  );
  const services = (['worker', 'scheduler', 'watchdog'] as const).map((it) => site.supervise(it));
  const job = await site.enqueue('a');
  const running = async (): Promise<boolean> =>
    (await site.store.jobs.get(job))?.state === 'running';
  await waitUntil(running, { what: 'a job to run', timeoutMs: 60_000 });
  const ticks = async (): Promise<number> =>
    (await site.store.instances.running('watchdog'))[0]?.loopSeq ?? 0;
  await waitUntil(async () => (await ticks()) > 30, { what: 'the watchdog', timeoutMs: 60_000 });
  return { site, ntfy, face, services, ticks };
}

type Night = Awaited<ReturnType<typeof night>>;

/** What became of everybody after a while in which the watchdog looked. */
async function afterwards({ site, ntfy, services, ticks }: Night) {
  const before = await ticks();
  await passes(AFTERWARDS_MS);
  const watch = await readWatchStore({ stateDir: site.stateDir, clock: systemClock });
  onCleanup(() => watch?.close());
  return {
    looked: (await ticks()) > before + 10,
    kills: await watch?.killsSince(0),
    starts: services.map((it) => it.starts),
    told: ntfy.messages().map(({ title }) => title),
  };
}

const CALM = { looked: true, kills: [], starts: [1, 1, 1], told: [] };

describe('a machine whose time is not what it was kills and tells nobody', () => {
  test('every process stood still for several times the limit, and the watchdog is the first up', async () => {
    const it = await night();
    const [worker, scheduler, watchdog] = it.services.map((service) => service.current);
    for (const child of [worker, scheduler, watchdog]) child?.kill('SIGSTOP');
    await passes(4 * SILENT_MS);
    for (const child of [watchdog, scheduler, worker]) child?.kill('SIGCONT');
    expect(await afterwards(it)).toEqual(CALM);
  });

  test.each([
    ['an hour ahead', (face: Face) => face.step(HOUR)],
    ['an hour back', (face: Face) => face.step(-HOUR)],
    ['two hours of sleep, by every clock', (face: Face) => face.leap(2 * HOUR)],
  ])('%s', async (_what, change) => {
    const it = await night();
    change(it.face);
    expect(await afterwards(it)).toEqual(CALM);
  });
});

test('a lock that somebody holds for most of the limit is no reason either', async () => {
  const it = await night();
  for (let round = 0; round < 2; round++) {
    const holder = spawnNode([LOCK_HOLDER, path.join(it.site.stateDir, 'nightshift.db')]);
    await holder.prints('locked');
    await passes(0.7 * SILENT_MS);
    holder.kill('SIGKILL');
    await holder.exited;
    await passes(0.3 * SILENT_MS);
  }
  expect(await afterwards(it)).toEqual(CALM);
});

test('the same watchdog does find who stands still alone', async () => {
  const it = await night();
  it.face.step(HOUR);
  const wedged = it.services[0]!;
  wedged.current.kill('SIGSTOP');
  await waitUntil(() => wedged.starts === 2, { what: 'the kill', timeoutMs: 30_000 });
  await it.ntfy.waitForMessages(1);
  expect(it.ntfy.messages().map(({ title }) => title)).toContain('The worker is silent');
});
