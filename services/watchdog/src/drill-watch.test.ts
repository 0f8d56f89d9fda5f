import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { BREAKER_POLICY, DRILL_AGENT, drillFolder, drillReason, uuidv7 } from '@nightshift/domain';
import type { DrillName, Finding, ProcessRef } from '@nightshift/domain';
import { stopFile, systemProcesses } from '@nightshift/lifecycle';
import { createDrillStore, createFactStore } from '@nightshift/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { endedRef, refOf, watchScene, type WatchScene } from '../test/scene.ts';
import { undoDrill } from './drill-undo.ts';
import { DrillWatch } from './drill-watch.ts';

const PERSON = { kind: 'person', name: 'ada' } as const;
const LASTS_MS = 5 * 60_000;

let it: WatchScene;

beforeEach(async () => {
  it = await watchScene();
});

/** What the watchdog does about drills at this moment. */
async function look(): Promise<readonly Finding[]> {
  const { store, clock } = it;
  const stop = stopFile(path.join(store.stateDir, 'STOP'));
  const watch = new DrillWatch({
    drills: async () => createDrillStore(store),
    undo: (run) => undoDrill(run, store, stop),
    hasEnded: (ref) => ['dead', 'other'].includes(systemProcesses().liveness(ref)),
  });
  const facts = createFactStore(store, () => stop.isStopped());
  return watch.step(await facts.read({ deadSince: clock.now(), reportsSince: clock.now() }));
}

/** Begins a drill and leaves everything behind that any of them may. */
async function halfDone(name: DrillName, process: ProcessRef | null): Promise<string> {
  const { store, clock } = it;
  const id = uuidv7(clock);
  const expiresAt = clock.now() + LASTS_MS;
  await createDrillStore(store).begin({ id, name, expiresAt, by: 'ada', process });
  for (const key of ['queued', 'running', 'dead']) await enqueue(key);
  const stop = stopFile(path.join(store.stateDir, 'STOP'));
  stop.write({ reason: drillReason(id), who: 'person:ada', at: clock.now() });
  await store.control.halt(drillReason(id), PERSON);
  const breaker = await store.breakers.get(DRILL_AGENT);
  const failures = BREAKER_POLICY.threshold;
  await store.breakers.swap(breaker, { ...breaker, state: 'open', failures });
  mkdirSync(path.join(store.stateDir, drillFolder(id)));
  return id;
}

async function enqueue(state: string): Promise<void> {
  const { jobs } = it.store;
  const asked = { key: state, agent: DRILL_AGENT, input: {}, maxAttempts: 1 };
  const { job } = await jobs.enqueue(asked, PERSON);
  if (state === 'queued') return;
  const claim = { job: job!.id, instance: 'drill', maxRunningOfAgent: 9, source: null };
  const { fence } = (await jobs.claim({ ...claim, leaseUntil: it.clock.now() + LASTS_MS }))!;
  const error = { code: 'drill', message: 'made to die' };
  if (state === 'dead') await jobs.settle(fence, { kind: 'dead', error });
}

async function leftBehind(id: string): Promise<Record<string, unknown>> {
  const { store } = it;
  return {
    halted: (await store.control.read()).halted,
    stopped: existsSync(path.join(store.stateDir, 'STOP')),
    breaker: (await store.breakers.get(DRILL_AGENT)).state,
    jobs: await store.jobs.counts(),
    files: existsSync(path.join(store.stateDir, drillFolder(id))),
  };
}

const NOTHING = {
  halted: false,
  stopped: false,
  breaker: 'closed',
  jobs: { queued: 0, waiting: 0, running: 0, dead: 0 },
  files: false,
};

describe('a drill that died', () => {
  test('is undone at once when its process is proven to be gone, and told once', async () => {
    const id = await halfDone('kill-switch', await endedRef());
    const [finding, ...more] = await look();
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ rule: 'drill-abandoned', once: true });
    expect(finding?.detail).toMatch(/its halt is over.*its breaker is closed.*its files are gone/);
    expect(await leftBehind(id)).toEqual(NOTHING);
    expect(await createDrillStore(it.store).get(id)).toMatchObject({ outcome: 'abandoned' });
    expect(await look()).toEqual([]);
  });

  test.each([
    ['nobody knows who ran', () => null],
    ['still has its process', () => refOf(process.pid)],
  ])('is undone at its time when it %s', async (_what, ref) => {
    const id = await halfDone('backup', ref());
    it.clock.advance(LASTS_MS - 1);
    expect(await look()).toEqual([]);
    expect(await leftBehind(id)).toMatchObject({ halted: true, breaker: 'open', files: true });
    it.clock.advance(1);
    expect(await look()).toHaveLength(1);
    expect(await leftBehind(id)).toEqual(NOTHING);
  });
});

test("the halt of a person is nobody else's to end", async () => {
  const id = await halfDone('kill-switch', await endedRef());
  await it.store.control.resume(PERSON);
  await it.store.control.halt('the bill looks wrong', PERSON);
  expect(await look()).toHaveLength(1);
  expect(await leftBehind(id)).toEqual({ ...NOTHING, halted: true });
});
