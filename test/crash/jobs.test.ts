import { isAlive, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from '../processes/support/site.ts';
import { type JobSite, type Kill, openJobSite } from './support/job-site.ts';
import { seeded } from '@nightshift/support/seeded';
import { crashSeed } from './support/crash-seed.ts';

/** Kills of the random run: 100, and 1,000 each night. */
const KILLS = Number(process.env['CRASH_KILLS'] ?? 100);

/** About two seconds a kill, and more on a busy machine. */
const KILLS_TIMEOUT_MS = Math.max(300_000, KILLS * 5_000);

/** Worlds at the same time: most of a run is waiting for a process to start. */
const AT_ONCE = 3;

/** From the slot to the end: what each commit of an undisturbed run is called. */
const POINTS: Readonly<Record<string, RegExp>> = {
  'slot and job': /job\.enqueued\+slot\.enqueued/,
  ticket: /^tasks$/,
  claim: /^job\.claimed$/,
  'child started': /^job\.started$/,
  step: /^step\.completed$/,
  report: /^report\.filed$/,
  settle: /^job\.done$/,
};

const CALM_END = { code: 0, stderr: '', wrong: [] };

/** Runs what is left to its end. */
async function finish(site: JobSite): Promise<object> {
  const { code, stderr } = await site.run();
  return { code, stderr, wrong: await site.wrong() };
}

async function states(site: JobSite): Promise<string[]> {
  return (await site.jobs()).map((it) => it.state);
}

/** Does `work` for each item, {@link AT_ONCE} of them at a time. */
async function each<T>(items: Iterator<T>, work: (item: T) => Promise<void>): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let next = items.next(); next.done !== true; next = items.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

test('a kill at each commit from slot to done loses nothing and does nothing twice', async () => {
  const calm = await openJobSite(1);
  expect(await finish(calm)).toEqual(CALM_END);
  const commits = calm.commits();
  const named = Object.entries(POINTS).filter(([, form]) => commits.some((it) => form.test(it)));
  expect(named.map(([name]) => name)).toEqual(Object.keys(POINTS));

  const kills = commits.flatMap((_, n): Kill[] => [
    { at: n + 1, when: 'before' },
    { at: n + 1, when: 'after' },
  ]);
  await each(kills.values(), async (kill) => {
    const site = await openJobSite(1);
    const { signal } = await site.run(kill);
    const survived = commits.slice(0, kill.when === 'after' ? kill.at : kill.at - 1);
    const place = `${kill.when} ${kill.at}, ${commits[kill.at - 1]}`;
    const atDeath = { place, signal, commits: site.commits(), wrong: await site.wrong() };
    expect(atDeath).toEqual({ place, signal: 'SIGKILL', commits: survived, wrong: [] });
    expect({ place, ...(await finish(site)) }).toEqual({ place, ...CALM_END });
    const reports = (await site.store.reports.list({ limit: 9 })).length;
    expect({ place, states: await states(site), reports }).toEqual({
      place,
      states: ['done'],
      reports: 1,
    });
    site.store.close();
  });
});

test(
  `${KILLS} kills at random commits, also while others are recovered from`,
  async () => {
    const seed = crashSeed();
    const random = seeded(seed);
    const endings = new Set<string>();
    const count = { kills: 0 };
    function* worlds(): Generator<number> {
      for (let n = 1; count.kills < KILLS; n++) yield n;
    }
    await each(worlds(), async (world) => {
      const site = await openJobSite(3);
      let killed = true;
      while (killed && count.kills < KILLS && random() < 0.9) {
        const at = 1 + Math.floor(random() * 12);
        const { signal, code } = await site.run({ at, when: random() < 0.5 ? 'before' : 'after' });
        // Where fewer commits were left than that, it went through.
        killed = signal === 'SIGKILL';
        if (killed) count.kills++;
        const wrong = await site.wrong();
        expect({ seed, world, code, wrong }).toEqual({
          seed,
          world,
          code: killed ? null : 0,
          wrong: [],
        });
      }
      expect({ seed, world, ...(await finish(site)) }).toEqual({ seed, world, ...CALM_END });
      for (const job of await site.jobs()) endings.add(job.lastError?.code ?? job.state);
      site.store.close();
    });
    console.log(
      `seed ${seed}: ${count.kills} kills, endings ${[...endings].toSorted().join(', ')}`,
    );
    // A job that was alone in three crashes is dead of them; everything else gets done.
    expect([...endings].filter((it) => !['done', 'crashed', 'worker-died'].includes(it))).toEqual(
      [],
    );
    expect(endings).toContain('done');
  },
  KILLS_TIMEOUT_MS,
);

test('a job that kills its worker each time is dead after three crashes alone, three others are done', async () => {
  const site = await openSite(`{
    timezone: 'UTC',
    concurrency: 4,
    times: ${JSON.stringify(QUICK_TIMES)},
    agents: {
      poison: { entry: ${JSON.stringify(fixtureAgent('waits-long'))}, attempts: 9 },
      innocent: { entry: ${JSON.stringify(fixtureAgent('say-hello'))}, attempts: 2, concurrency: 3 },
    },
  }`);
  const poison = await site.enqueue('poison', {}, 9);
  const innocents: string[] = [];
  for (let n = 0; n < 3; n++) innocents.push(await site.enqueue('innocent', {}, 2));
  const worker = site.supervise('worker');

  const crashes = [];
  for (let seen = 0; (await site.store.jobs.get(poison))?.state !== 'dead';) {
    // Whenever the child of the poisonous job has started, its worker dies.
    const event = await waitUntil(
      async () => {
        if ((await site.store.jobs.get(poison))?.state === 'dead') return 'dead';
        const events = await site.store.events.since(seen, 10_000);
        return events.find((it) => it.kind === 'job.started' && it.ref === poison) ?? null;
      },
      { what: 'the job to start or to be dead', timeoutMs: 60_000, everyMs: 5 },
    );
    if (event === 'dead') break;
    seen = event.id;
    const running = await site.store.jobs.list({ state: 'running', limit: 9 });
    worker.current.kill('SIGKILL');
    crashes.push(running.length);
  }
  const dead = await site.store.jobs.get(poison);
  expect(dead?.lastError).toMatchObject({
    code: 'crashed',
    message: expect.stringContaining('crashed 3 times while this job ran alone'),
  });
  const ends = await Promise.all(innocents.map((id) => site.ended(id, 60_000)));
  expect(ends.map((it) => [it.state, it.attempts])).toEqual(innocents.map(() => ['done', 1]));
  expect(crashes.length).toBeGreaterThanOrEqual(3);
  expect(crashes.slice(-2)).toEqual([1, 1]);

  // Each of its children was seen dead before the next one started.
  const attempts = await site.store.jobs.attempts(poison);
  expect(attempts.map((it) => it.outcome)).toEqual(crashes.map(() => 'crashed'));
  attempts.slice(1).forEach((it, n) => {
    expect(it.startedAt).toBeGreaterThanOrEqual(attempts[n]?.endedAt ?? Infinity);
  });
  const orphans = attempts.filter((it) => it.child !== null && isAlive(it.child.pid));
  expect(orphans).toEqual([]);
  expect(await worker.stop()).toBe(0);
});
