import {
  DEFAULT_ALERTS,
  DEFAULT_RETENTION,
  DEFAULT_TIMES,
  type AgentSettings,
  type Settings,
} from '@nightshift/domain';
import { type Store, openStore } from '@nightshift/store';
import { type ManualClock, manualClock, memoryDir, onCleanup } from '@nightshift/support';
import { describe, expect, test } from 'vitest';
import { HORIZON_MS, Scheduler } from './scheduler.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ME = { kind: 'person', name: 'test' } as const;

function settings(over: Partial<AgentSettings>): Settings {
  const agent: AgentSettings = {
    name: 'a',
    entry: './x.ts',
    schedule: { kind: 'cron', cron: '0 * * * *' },
    catchUp: { kind: 'latest' },
    input: { hello: 1 },
    allow: { hosts: [], methods: [], read: [], git: [], models: [], actions: [] },
    attempts: 3,
    timeoutMs: 60_000,
    overlap: 'queue',
    concurrency: 1,
    memoryMb: 64,
    value: null,
    ...over,
  };
  return {
    file: null,
    dir: '/',
    hash: 'h',
    version: 1,
    timezone: 'UTC',
    budgets: [],
    endpoints: [],
    models: {},
    agents: [agent],
    actions: {},
    alerts: DEFAULT_ALERTS,
    times: DEFAULT_TIMES,
    concurrency: 4,
    sandbox: 'auto',
    maxWaitMs: DAY,
    retention: DEFAULT_RETENTION,
    drillSchedule: null,
  };
}

interface Bench {
  readonly store: Store;
  readonly clock: ManualClock;
  scheduler(over?: Partial<AgentSettings>): Promise<Scheduler>;
  /** Slots as `status:count`, oldest first. */
  slots(): Promise<string[]>;
  jobs(): Promise<string[]>;
}

async function open(start = '2026-03-01T00:30:00Z'): Promise<Bench> {
  const clock = manualClock(start);
  const store = await openStore({ stateDir: memoryDir(), clock, mode: 'create' });
  onCleanup(() => store.close());
  return {
    store,
    clock,
    async scheduler(over = {}) {
      const made = new Scheduler({
        slots: store.slots,
        settings: settings(over),
        clock,
        onAdvance: () => undefined,
        onRewind: () => undefined,
      });
      await made.declare();
      return made;
    },
    async slots() {
      const rows = await store.slots.list({ limit: 10_000 });
      return rows
        .toSorted((a, b) => a.scheduledFor - b.scheduledFor)
        .map((row) => `${row.reason ?? row.status}:${row.count}`);
    },
    async jobs() {
      const jobs = await store.jobs.list({ limit: 10_000 });
      return jobs.map(({ key }) => key).toSorted();
    },
  };
}

/** Passes until there is nothing more to walk. */
async function pollAll(scheduler: Scheduler): Promise<number> {
  for (;;) {
    const sleepMs = await scheduler.poll();
    if (sleepMs > 0) return sleepMs;
  }
}

describe('a scheduler', () => {
  test('makes a job of a slot when it is due, and only then', async () => {
    const bench = await open();
    const scheduler = await bench.scheduler();
    await pollAll(scheduler);
    expect(await bench.jobs()).toEqual([]);
    bench.clock.advance(30 * MINUTE);
    await pollAll(scheduler);
    await pollAll(scheduler);
    expect(await bench.jobs()).toEqual(['slot:a:2026-03-01T01:00:00.000Z']);
    const [job] = await bench.store.jobs.list({ limit: 1 });
    expect(job).toMatchObject({ input: { hello: 1 }, maxAttempts: 3, slot: bench.clock.now() });
  });

  test('does not back-fill a schedule that was added or changed meanwhile', async () => {
    const bench = await open();
    await bench.scheduler();
    bench.clock.advance(5 * HOUR);
    const changed = await bench.scheduler({ schedule: { kind: 'cron', cron: '15 * * * *' } });
    await pollAll(changed);
    expect(await bench.slots()).toEqual([]);
    bench.clock.advance(HOUR);
    await pollAll(changed);
    expect(await bench.jobs()).toEqual(['slot:a:2026-03-01T06:15:00.000Z']);
  });

  test('accounts for every slot of a long absence: the newest runs, the rest has a reason', async () => {
    const bench = await open();
    await pollAll(await bench.scheduler());
    bench.clock.advance(20 * DAY);
    await pollAll(await bench.scheduler());
    const slots = await bench.slots();
    const total = slots.reduce((n, slot) => n + Number(slot.split(':')[1]), 0);
    expect(total).toBe(20 * 24);
    const within = HORIZON_MS / HOUR;
    expect(slots).toEqual([
      `beyond-horizon:${20 * 24 - within}`,
      ...Array.from({ length: within - 1 }, () => 'catch-up-latest:1'),
      'enqueued:1',
    ]);
  });

  test('that finds its clock set back writes no slot again', async () => {
    const bench = await open();
    const scheduler = await bench.scheduler();
    bench.clock.advance(40 * MINUTE);
    await pollAll(scheduler);
    bench.clock.stepTo(bench.clock.now() - 2 * MINUTE - 20 * MINUTE);
    await pollAll(await bench.scheduler());
    bench.clock.advance(30 * MINUTE);
    await pollAll(await bench.scheduler());
    expect(await bench.jobs()).toEqual(['slot:a:2026-03-01T01:00:00.000Z']);
  });

  test('goes on within minutes after its clock was years ahead, and loses no slot', async () => {
    const bench = await open();
    const scheduler = await bench.scheduler({ overlap: 'queue' });
    bench.clock.advance(30 * MINUTE);
    await pollAll(scheduler);
    const truth = bench.clock.now();
    bench.clock.stepTo(truth + 2 * 365 * DAY);
    await pollAll(scheduler);
    bench.clock.stepTo(truth);
    for (let i = 0; i < 11; i++) {
      bench.clock.advance(MINUTE);
      await pollAll(scheduler);
    }
    for (let i = 0; i < 5; i++) {
      bench.clock.advance(HOUR);
      await pollAll(scheduler);
    }
    const jobs = await bench.jobs();
    expect(jobs.slice(0, 6)).toEqual(
      [1, 2, 3, 4, 5, 6].map((hour) => `slot:a:2026-03-01T0${hour}:00:00.000Z`),
    );
    // The one of the false year was made under the clock of that moment, and stays decided.
    expect(jobs.slice(6)).toEqual(['slot:a:2028-02-29T01:00:00.000Z']);
    const slots = await bench.slots();
    expect(slots).toEqual(Array.from({ length: 7 }, () => 'enqueued:1'));
  });

  test('waits for a clock that was set back by an hour, and decides nothing twice', async () => {
    const bench = await open();
    const scheduler = await bench.scheduler();
    for (let i = 0; i < 2; i++) {
      bench.clock.advance(HOUR);
      await pollAll(scheduler);
    }
    bench.clock.stepTo(bench.clock.now() - HOUR);
    for (let i = 0; i < 4 * 60; i++) {
      bench.clock.advance(MINUTE);
      await pollAll(scheduler);
    }
    expect(await bench.jobs()).toEqual(
      [1, 2, 3, 4, 5].map((hour) => `slot:a:2026-03-01T0${hour}:00:00.000Z`),
    );
    expect(await bench.slots()).toEqual(Array.from({ length: 5 }, () => 'enqueued:1'));
  });

  test('that slept through slots finds them when the machine wakes', async () => {
    const bench = await open();
    const scheduler = await bench.scheduler({ catchUp: { kind: 'all', max: 10 } });
    // Asleep, only the wall clock goes on.
    bench.clock.stepTo(bench.clock.now() + 3 * HOUR);
    await pollAll(scheduler);
    expect(await bench.slots()).toEqual(Array.from({ length: 3 }, () => 'enqueued:1'));
  });

  test('and a second one at the same time write each slot once', async () => {
    const bench = await open();
    const both = [await bench.scheduler(), await bench.scheduler()];
    for (let i = 0; i < 24; i++) {
      bench.clock.advance(30 * MINUTE);
      await Promise.all(both.map(pollAll));
    }
    expect(await bench.slots()).toEqual(Array.from({ length: 12 }, () => 'enqueued:1'));
    expect(await bench.jobs()).toHaveLength(12);
  });

  test('writes nothing while halted, and catches up afterwards', async () => {
    const bench = await open();
    const scheduler = await bench.scheduler();
    await bench.store.control.halt('test', ME);
    bench.clock.advance(3 * HOUR);
    await pollAll(scheduler);
    expect(await bench.slots()).toEqual([]);
    await bench.store.control.resume(ME);
    await pollAll(scheduler);
    expect(await bench.slots()).toEqual(['catch-up-latest:1', 'catch-up-latest:1', 'enqueued:1']);
  });

  test('skips a slot while the job of an earlier one is unfinished, where told so', async () => {
    const bench = await open();
    const scheduler = await bench.scheduler({ overlap: 'skip' });
    for (let i = 0; i < 2; i++) {
      bench.clock.advance(HOUR);
      await pollAll(scheduler);
    }
    expect(await bench.slots()).toEqual(['enqueued:1', 'overlap:1']);
  });

  test('of a fixed grid sleeps exactly until its next point', async () => {
    const bench = await open('2026-03-01T00:00:00.300Z');
    const scheduler = await bench.scheduler({ schedule: { kind: 'every', everyMs: 500 } });
    expect(await pollAll(scheduler)).toBe(200);
    bench.clock.advance(200);
    await pollAll(scheduler);
    expect(await bench.jobs()).toEqual(['slot:a:2026-03-01T00:00:00.500Z']);
  });
});
