import type { Fence } from '@nightshift/domain';
import { startNtfy } from '@nightshift/fakes';
import { ntfyChannel, Outbox, post } from '@nightshift/alerts';
import { dying, onCleanup, waitUntil } from '@nightshift/support';
import { beforeEach, describe, expect, test } from 'vitest';
import { endedRef, watchScene, type TestLife, type WatchScene } from '../test/scene.ts';
import { Deliverer } from './deliver.ts';

const PERSON = { kind: 'person', name: 'test' } as const;
const quiet = { error: () => undefined };

let it: WatchScene;
let worker: TestLife;

beforeEach(async () => {
  it = await watchScene();
  const ref = await endedRef();
  await it.register('scheduler', ref);
  worker = await it.register('worker', ref);
});

/** A job that runs. */
async function claimOnce(key: string): Promise<Fence> {
  const { job } = await it.store.jobs.enqueue(
    { key, agent: 'digest', input: null, maxAttempts: 1 },
    PERSON,
  );
  const claim = await it.store.jobs.claim({
    job: job!.id,
    instance: worker.id,
    leaseUntil: it.clock.now() + 60_000,
    maxRunningOfAgent: 9,
    source: null,
  });
  return claim!.fence;
}

/** A job that is dead from the start: it was claimed and failed for good. */
async function dieOnce(
  key: string,
  error = { code: 'agent-failed', message: 'it threw' },
): Promise<void> {
  await it.store.jobs.settle(await claimOnce(key), { kind: 'dead', error });
}

test('a healthy system is neither told about nor touched', async () => {
  await it.run(5 * 60_000);
  expect(it.titles()).toEqual([]);
  expect(it.signals).toEqual([]);
  expect(await it.watch.incidents(10)).toEqual([]);
});

test('beats that cannot be written for most of the limit are no alarm', async () => {
  for (let round = 0; round < 4; round++) {
    worker.beats = false;
    await it.run(18_000);
    worker.beats = true;
    await it.run(2_000);
  }
  expect(it.titles()).toEqual([]);
  expect(it.signals).toEqual([]);
});

test('a machine that slept for two hours is no alarm', async () => {
  await it.run(10_000);
  it.clock.advance(2 * 3_600_000);
  await it.run(30_000);
  it.clock.stepTo(it.clock.now() - 3_600_000);
  await it.run(30_000);
  expect(it.titles()).toEqual([]);
});

describe('a database that cannot be read', () => {
  const broken = async (): Promise<never> => {
    throw new Error('database disk image is malformed');
  };

  test('is told after three ticks, kills nobody, and is over when it can', async () => {
    await it.run(10_000);
    worker.beats = false;
    await it.run(10_000);
    it.restart({ facts: broken });
    await it.run(120_000);
    expect(it.titles()).toEqual(['The database cannot be read']);
    expect(it.server.messages()[0]?.message).toContain('malformed');
    expect(it.signals).toEqual([]);
    worker.beats = true;
    it.restart();
    await it.run(10_000);
    expect(it.titles()).toEqual([
      'The database cannot be read',
      'Resolved: The database cannot be read',
    ]);
  });

  test('one that is not there is told likewise', async () => {
    it.restart({ facts: async () => null });
    await it.run(10_000);
    expect(it.titles()).toEqual(['The database cannot be read']);
  });
});

describe('news', () => {
  test('dead letters of one tick are one message, told once, also over a restart', async () => {
    await dieOnce('a');
    await dieOnce('b');
    await it.run(6_000);
    expect(it.titles()).toEqual(['2 jobs are dead: digest']);
    it.restart();
    await it.run(6_000);
    await dieOnce('c');
    await it.run(6_000);
    expect(it.titles()).toEqual(['2 jobs are dead: digest', 'A job is dead: digest']);
  });

  test('a report that asks for it is sent once, with a receipt and no incident', async () => {
    const { job } = await it.store.jobs.enqueue(
      { key: 'r', agent: 'digest', input: null, maxAttempts: 1 },
      PERSON,
    );
    const claim = await it.store.jobs.claim({
      job: job!.id,
      instance: worker.id,
      leaseUntil: it.clock.now() + 60_000,
      maxRunningOfAgent: 9,
      source: null,
    });
    const draft = { title: 'Morning', body: 'All quiet.', data: null, notify: true };
    const report = await it.store.reports.file(claim!.fence, draft);
    await it.store.jobs.settle(claim!.fence, { kind: 'done' });
    await it.run(6_000);
    it.restart();
    await it.run(6_000);
    expect(it.titles()).toEqual(['digest: Morning']);
    expect(await it.watch.deliveriesOf(report!.id)).toMatchObject([
      { kind: 'report', state: 'delivered', receipt: it.server.messages()[0]?.id },
    ]);
    expect(await it.watch.incidents(10)).toEqual([]);
  });
});

test('a model without a price is told once, with its name and the reason', async () => {
  const message = 'the price table has no model "gpt-99" at https://api.openai.com/v1';
  await dieOnce('asks', { code: 'price-unknown', message });
  await it.run(10 * 60_000);
  it.restart();
  await it.run(10 * 60_000);
  expect(it.titles()).toEqual(['A job is dead: digest']);
  expect(it.server.messages()[0]?.message).toContain(`price-unknown: ${message}`);
});

test('jobs that wait for the budget are one incident, which ends when none waits', async () => {
  const { jobs } = it.store;
  const runAfter = it.clock.now() + 3_600_000;
  for (const key of ['a', 'b', 'c']) {
    const fence = await claimOnce(key);
    await jobs.settle(fence, { kind: 'returned', reason: 'cap-day', waitReason: 'cap', runAfter });
    await it.run(6_000);
  }
  expect(it.titles()).toEqual(['A job waits for the budget: digest']);
  it.clock.advance(3_600_000);
  await jobs.promote(1e9, 10);
  await it.run(10_000);
  const [incident, ...others] = await it.watch.incidents(10);
  expect(others).toEqual([]);
  expect(incident).toMatchObject({ rule: 'cap-waits', state: 'resolved' });
});

test('a restart with troubles open and one new tells the new one alone', async () => {
  await it.run(10_000);
  worker.beats = false;
  await it.until('an alert', 60_000, () => it.titles().length > 0);
  const before = it.titles().length;
  it.restart();
  await dieOnce('while-down');
  await it.run(60_000);
  expect(it.titles().slice(before)).toEqual(['A job is dead: digest']);
});

test('a configuration that cannot be used is told, and is over with it', async () => {
  it.restart({ settingsError: new Error('agents.digest.schedule: not a schedule') });
  await it.run(6_000);
  it.restart();
  await it.run(6_000);
  expect(it.titles()).toEqual([
    'The configuration cannot be used',
    'Resolved: The configuration cannot be used',
  ]);
});

test.each([1, 2, 3, 4])(
  'a watchdog that dies at its write %i around an alert loses none, and repeats it once at most',
  async (nth) => {
    const watch = dying(it.watch, ['apply', 'updateDelivery', 'remember'], (_name, n) => n === nth);
    it.restart({ watch });
    await dieOnce('a');
    for (let tick = 0; tick < 5; tick++) await it.tick().catch(() => undefined);
    it.restart();
    await it.run(3 * 60_000);
    const messages = it.server.messages().filter(({ title }) => title?.startsWith('A job is dead'));
    expect(messages.length).toBeGreaterThanOrEqual(1);
    expect(messages.length).toBeLessThanOrEqual(2);
    const refs = messages.map(({ message }) => /Ref (\S+)/.exec(message ?? '')?.[1]);
    expect(new Set(refs).size).toBe(1);
    expect(refs[0]).toBeDefined();
  },
);

test('a part that fails is a finding and stops nothing else', async () => {
  const broken = new Proxy(it.watch, {
    get(target, name: keyof typeof it.watch) {
      if (name === 'activeKill') return () => Promise.reject(new Error('no such table'));
      return (target[name] as (...args: unknown[]) => unknown).bind(target);
    },
  });
  it.restart({ watch: broken });
  await dieOnce('a');
  await it.run(6_000);
  expect(new Set(it.titles())).toEqual(
    new Set(['A job is dead: digest', "The watchdog's ladder failed"]),
  );
});

test('a channel that never answers delays no tick, and the stop waits for it', async () => {
  const slow = await startNtfy();
  onCleanup(() => slow.close());
  slow.script([{ gate: 'before-headers' }]);
  const channel = ntfyChannel(
    { name: 'phone', server: slow.url, topic: 't', token: null },
    post,
    it.clock,
  );
  it.outbox = new Outbox({ store: it.watch, channels: [], clock: it.clock });
  const deliverer = new Deliverer(
    new Outbox({ store: it.watch, channels: [channel], clock: it.clock }),
    quiet,
  );
  await dieOnce('a');
  it.outbox.run = async () => deliverer.kick();
  await it.tick();
  await slow.waitForHeld(1);
  await it.run(20_000);
  expect(slow.messages()).toEqual([]);
  let settled = false;
  const end = deliverer.settled().then(() => (settled = true));
  expect(settled).toBe(false);
  slow.release();
  await end;
  await waitUntil(() => slow.messages().length === 1, { what: 'the message' });
});

test('a service that is started two hundred times in ten minutes is told once', async () => {
  const ref = await endedRef();
  for (let start = 0; start < 200; start++) {
    worker.beats = false;
    await it.store.instances.stopped(worker.id);
    worker = await it.register('worker', ref);
    it.clock.advance(1_000);
    await it.tick();
  }
  expect(it.titles()).toEqual(['The worker does not stay up']);
  expect(it.signals).toEqual([]);
  // It stays up from now on.
  it.clock.advance(10 * 60_000);
  await it.run(90_000);
  expect(it.titles().at(-1)).toBe('Resolved: The worker does not stay up');
});
