import type { AgentSettings, JobStore, ProcessRef, Settings } from '@nightshift/domain';
import { DEFAULT_ALERTS, DEFAULT_RETENTION, DEFAULT_TIMES, systemClock } from '@nightshift/domain';
import { openTickets } from '@nightshift/queue';
import { type Store, openStore } from '@nightshift/store';
import { sweepTickets } from '@nightshift/store/tickets';
import { type ManualClock, manualClock, onCleanup, tempDir, waitUntil } from '@nightshift/support';
import { describe, expect, test } from 'vitest';
import type { Running } from './running.ts';
import type { Liveness } from './takeover.ts';
import { Worker } from './worker.ts';

const ME = { kind: 'person', name: 'test' } as const;
const CHILD: ProcessRef = { pid: 4_000_000, startTicks: 1, bootId: 'b', pidNamespace: 'n' };

function agent(name: string, over: Partial<AgentSettings> = {}): AgentSettings {
  return {
    name,
    entry: './x.ts',
    schedule: null,
    catchUp: { kind: 'latest' },
    input: {},
    allow: { hosts: [], methods: [], read: [], git: [], models: [], actions: [] },
    attempts: 3,
    timeoutMs: 60_000,
    overlap: 'skip',
    concurrency: 1,
    memoryMb: 64,
    value: null,
    ...over,
  };
}

function settings(agents: readonly AgentSettings[]): Settings {
  return {
    file: null,
    dir: '/',
    hash: 'h',
    version: 1,
    timezone: 'UTC',
    budgets: [],
    endpoints: [],
    models: {},
    agents,
    actions: {},
    alerts: DEFAULT_ALERTS,
    times: { ...DEFAULT_TIMES, drainMs: 100 },
    concurrency: 4,
    sandbox: 'auto',
    maxWaitMs: 86_400_000,
    retention: DEFAULT_RETENTION,
    drillSchedule: null,
  };
}

/** A worker over a real store, with attempts that last until the test ends them. */
class Bench {
  readonly attempts: Running[] = [];
  liveness: Liveness = 'dead';
  orphanDies = true;
  sourceOf: (of: AgentSettings) => Promise<string | null> = () => Promise.resolve('source');
  renew: JobStore['renew'] = (fence, until) => this.store.jobs.renew(fence, until);

  readonly store: Store;
  readonly clock: ManualClock;

  private constructor(store: Store, clock: ManualClock) {
    this.store = store;
    this.clock = clock;
  }

  static async open(): Promise<Bench> {
    const clock = manualClock();
    const store = await openStore({ stateDir: tempDir(), clock, mode: 'create' });
    onCleanup(() => store.close());
    return new Bench(store, clock);
  }

  async worker(id: string, agents = [agent('a')]): Promise<Worker> {
    const { store } = this;
    await this.register(id);
    return new Worker({
      instance: id,
      settings: settings(agents),
      // Leases and slots on the test's clock, patience on the machine's.
      clock: { now: () => this.clock.now(), monotonic: () => systemClock.monotonic() },
      jobs: { ...store.jobs, renew: (fence, until) => this.renew(fence, until) },
      ledger: store.ledger,
      tickets: openTickets(store, this.clock),
      takeover: {
        jobs: store.jobs,
        instances: store.instances,
        ledger: store.ledger,
        liveness: () => this.liveness,
        killOrphan: () => Promise.resolve(this.orphanDies),
        log: () => undefined,
      },
      sweepTickets: async () => (await sweepTickets(store)).added,
      run: (running) => this.run(running),
      sourceOf: (each) => this.sourceOf(each),
      moved: () => undefined,
      wake: () => undefined,
      log: () => undefined,
      only: null,
    });
  }

  register(id: string): Promise<void> {
    return this.store.instances.register({
      id,
      service: 'worker',
      process: { ...CHILD, pid: 5_000_000 },
      version: '0',
      configHash: 'h',
    });
  }

  async enqueue(name = 'a', key: string = crypto.randomUUID()): Promise<string> {
    const { job } = await this.store.jobs.enqueue(
      { key, agent: name, input: {}, maxAttempts: 3 },
      ME,
    );
    return job?.id ?? '';
  }

  async state(job: string): Promise<string | undefined> {
    return (await this.store.jobs.get(job))?.state;
  }

  /** Lasts until it is aborted, then gives the job back. */
  private async run(running: Running): Promise<void> {
    this.attempts.push(running);
    await new Promise((resolve) => running.signal.addEventListener('abort', resolve));
    const reason = running.abortReason ?? 'none';
    await this.store.jobs.settle(running.fence, { kind: 'returned', reason });
  }
}

describe('a worker', () => {
  test('claims what is runnable, up to each agent’s own limit', async () => {
    const bench = await Bench.open();
    const worker = await bench.worker('w1', [agent('a'), agent('b', { concurrency: 2 })]);
    for (const name of ['a', 'a', 'b', 'b', 'b']) await bench.enqueue(name);
    await worker.poll();
    expect(bench.attempts.map(({ job }) => job.agent).toSorted()).toEqual(['a', 'b', 'b']);
    await worker.windDown('draining');
    expect(worker.running).toBe(0);
  });

  test('gives its jobs back when it winds down, and the attempt does not count', async () => {
    const bench = await Bench.open();
    const worker = await bench.worker('w1');
    const job = await bench.enqueue();
    await worker.poll();
    expect(await bench.state(job)).toBe('running');
    await worker.windDown('draining');
    expect(await bench.store.jobs.get(job)).toMatchObject({ state: 'queued', attempts: 0 });
    expect(bench.attempts[0]?.abortReason).toBe('draining');
  });

  test('renews its leases, and stops working where it lost one', async () => {
    const bench = await Bench.open();
    const worker = await bench.worker('w1');
    const job = await bench.enqueue();
    await worker.poll();
    bench.clock.advance(20_000);
    await worker.poll();
    const lease = (await bench.store.jobs.get(job))?.lease;
    expect(lease?.until).toBe(bench.clock.now() + DEFAULT_TIMES.leaseMs);
    const [running] = bench.attempts;
    await bench.store.jobs.takeBack(running!.fence, { code: 'x', message: 'taken' });
    bench.clock.advance(20_000);
    await worker.poll();
    expect(running?.abortReason).toBe('lease-lost');
    await worker.windDown('draining');
  });

  test('runs the others when the entry of one agent cannot be found', async () => {
    const bench = await Bench.open();
    bench.sourceOf = (each) =>
      each.name === 'gone' ? Promise.reject(new Error('no such file')) : Promise.resolve('hash');
    const worker = await bench.worker('w1', [agent('gone'), agent('a')]);
    for (const name of ['gone', 'a']) await bench.enqueue(name);
    await worker.poll();
    expect(bench.attempts.map(({ job }) => job.agent).toSorted()).toEqual(['a', 'gone']);
    await worker.windDown('draining');
  });

  test.each([
    ['fails', () => Promise.reject(new Error('the database is locked'))],
    ['hangs', () => new Promise<boolean>(() => undefined)],
  ])('ends what runs in time when renewing a lease %s', async (_, renew) => {
    const bench = await Bench.open();
    const worker = await bench.worker('w1');
    const job = await bench.enqueue();
    await worker.poll();
    bench.renew = renew;
    bench.clock.advance(DEFAULT_TIMES.leaseRenewMs);
    await worker.windDown('halted');
    expect(bench.attempts[0]?.abortReason).toBe('halted');
    expect(await bench.state(job)).toBe('queued');
  });

  test('leaves a job alone that was claimed after a short halt', async () => {
    const bench = await Bench.open();
    const worker = await bench.worker('w1', [agent('a'), agent('b')]);
    await bench.enqueue('a');
    await worker.poll();
    const halt = worker.windDown('halted');
    await bench.enqueue('b');
    await worker.poll();
    await halt;
    expect(bench.attempts.map(({ abortReason }) => abortReason)).toEqual(['halted', null]);
    await worker.windDown('draining');
  });

  test('takes back what a dead worker held when it comes up halted', async () => {
    const bench = await Bench.open();
    const dead = await bench.worker('w1');
    const job = await bench.enqueue();
    await dead.poll();
    await bench.store.control.halt('a test', ME);
    const next = await bench.worker('w2');
    await next.windDown('halted');
    expect(await bench.state(job)).toBe('queued');
    await dead.windDown('draining');
  });

  test('ends a job that a person cancels', async () => {
    const bench = await Bench.open();
    const worker = await bench.worker('w1');
    const job = await bench.enqueue();
    await worker.poll();
    expect(await bench.store.jobs.cancel(job, ME)).toBe('asked');
    await worker.poll();
    expect(bench.attempts[0]?.abortReason).toBe('cancelled');
    await worker.windDown('draining');
  });

  test('takes the jobs of a worker that is proven dead at once', async () => {
    const bench = await Bench.open();
    const dead = await bench.worker('w1');
    const job = await bench.enqueue();
    await dead.poll();
    const heir = await bench.worker('w2');
    await heir.poll();
    expect(bench.attempts.map(({ fence }) => fence.attempt)).toEqual([1, 2]);
    const [first] = await bench.store.jobs.attempts(job);
    expect(first).toMatchObject({ outcome: 'crashed', error: { code: 'worker-died' } });
    await heir.windDown('draining');
  });

  test.each(['alive', 'unknown'] as const)(
    'leaves the jobs of a worker that is %s until their lease runs out',
    async (liveness) => {
      const bench = await Bench.open();
      const other = await bench.worker('w1');
      const job = await bench.enqueue();
      await other.poll();
      bench.liveness = liveness;
      const heir = await bench.worker('w2');
      await heir.poll();
      expect(bench.attempts).toHaveLength(1);
      bench.clock.advance(DEFAULT_TIMES.leaseMs + 1);
      await heir.poll();
      expect(bench.attempts).toHaveLength(2);
      expect((await bench.store.jobs.get(job))?.lease?.instance).toBe('w2');
      await heir.windDown('draining');
    },
  );

  test('does not start a job again while a child of its last attempt may be alive', async () => {
    const bench = await Bench.open();
    const dead = await bench.worker('w1');
    const job = await bench.enqueue();
    await dead.poll();
    await bench.store.jobs.childStarted(bench.attempts[0]!.fence, CHILD);
    bench.orphanDies = false;
    const heir = await bench.worker('w2');
    await heir.poll();
    bench.clock.advance(DEFAULT_TIMES.leaseMs + 1);
    await heir.poll();
    expect(bench.attempts).toHaveLength(1);
    bench.orphanDies = true;
    await heir.poll();
    await waitUntil(() => bench.attempts.length === 2, { what: 'the second attempt' });
    expect(await bench.state(job)).toBe('running');
    await heir.windDown('draining');
  });
});
