import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_ALERTS, DEFAULT_RULES, type BrakeSetting } from '@nightshift/domain';
import { stopFile } from '@nightshift/lifecycle';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { endedRef, settingsOf, watchScene, type WatchScene } from '../test/scene.ts';
import { Brake } from './brake.ts';

const PERSON = { kind: 'person', name: 'test' } as const;

interface BrakeScene extends WatchScene {
  readonly file: string;
  spend(): Promise<void>;
}

/** A system with a day of $1 for agent `digest`, and a brake on its window. */
async function brakeScene(halt: BrakeSetting, isBroken = () => false): Promise<BrakeScene> {
  const rules = { ...DEFAULT_RULES, 'spend-window': { halt } };
  const it = await watchScene({ ...settingsOf(), alerts: { ...DEFAULT_ALERTS, rules } });
  const ref = await endedRef();
  await it.register('scheduler', ref);
  const worker = await it.register('worker', ref);
  const file = join(tempDir('brake'), 'STOP');
  const options = {
    store: it.watch,
    stopFile: stopFile(file),
    control: async () => (isBroken() ? Promise.reject(new Error('locked')) : it.store.control),
    now: () => it.clock.now(),
  };
  it.restart({ brake: () => new Brake(options) });
  const cap = { window: 'day', capNusd: 1_000_000_000 } as const;
  const budgets = [
    { scope: 'global', window: 'day', capNusd: 9_000_000_000 },
    { scope: 'agent:digest', ...cap },
  ] as const;
  await it.store.ledger.setBudgets(budgets, 1, 'UTC');
  return Object.assign(it, {
    file,
    async spend() {
      const job = { key: 'k', agent: 'digest', input: null, maxAttempts: 1 };
      const made = await it.store.jobs.enqueue(job, PERSON);
      const claim = await it.store.jobs.claim({
        job: made.job!.id,
        instance: worker.id,
        leaseUntil: it.clock.now() + 60_000,
        maxRunningOfAgent: 9,
        source: null,
      });
      const fence = claim!.fence;
      const answer = await it.store.ledger.reserve({
        principal: {
          job: fence.job,
          attempt: fence.attempt,
          agent: 'digest',
          instance: worker.id,
          leaseToken: fence.token,
        },
        step: '',
        ordinal: 0,
        endpoint: 'x',
        model: 'm',
        priceVersion: '1',
        boundNusd: 1_000_000_000,
        requestHash: 'h',
      });
      if (!('hold' in answer)) throw new Error(answer.refused.message);
      await it.store.ledger.end(answer.hold.id, {
        outcome: 'answered',
        actualNusd: 1_000_000_000,
      });
    },
  });
}

test('an agent whose day is spent is paused once, and a person hears of it', async () => {
  const it = await brakeScene('agent');
  await it.run(6_000);
  expect(await it.store.control.pausedAgents()).toEqual([]);
  await it.spend();
  await it.run(6_000);
  expect(await it.store.control.pausedAgents()).toEqual(['digest']);
  expect(it.titles()).toContain('A rule paused agent digest');
  expect((await it.store.audit.list(1))[0]).toMatchObject({
    actor: 'service:watchdog',
    action: 'agent.pause',
  });
  // Whoever resumes it knows why.
  await it.store.control.resumeAgent('digest', PERSON);
  await it.run(20_000);
  expect(await it.store.control.pausedAgents()).toEqual([]);
  expect(it.titles().filter((title) => title?.startsWith('A rule paused'))).toHaveLength(1);
});

test('everything is halted by file and row, also over a restart not twice', async () => {
  const it = await brakeScene('all');
  await it.spend();
  await it.run(4_000);
  expect(await it.store.control.read()).toMatchObject({ halted: true, who: 'service:watchdog' });
  expect(readFileSync(it.file, 'utf8')).toContain('spend-window');
  expect(it.titles().filter((title) => title === 'A rule halted everything')).toHaveLength(1);
});

test('a database that cannot be written is no reason not to halt', async () => {
  const it = await brakeScene('all', () => true);
  await it.spend();
  await it.run(4_000);
  expect(stopFile(it.file).isStopped()).toBe(true);
});

test('a brake that fails is tried again, and said', async () => {
  let broken = true;
  const it = await brakeScene('agent', () => broken);
  await it.spend();
  await it.run(8_000);
  expect(it.titles()).toContain("The watchdog's brake failed");
  broken = false;
  await it.run(4_000);
  expect(await it.store.control.pausedAgents()).toEqual(['digest']);
});

test('nothing is stopped where nothing was set', async () => {
  const it = await brakeScene('none');
  await it.spend();
  await it.run(6_000);
  expect((await it.store.control.read()).halted).toBe(false);
  expect(it.titles()).toContain('agent digest has spent its whole day');
});
