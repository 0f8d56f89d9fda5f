import { DRILLS, type Facts, type RuleSettings, type Settings } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { factsOf, lifeOf, settingsOf, withRule } from '../../test/facts.ts';
import { keysOf, scene } from '../../test/scene.ts';
import { NOTHING_OBSERVED } from '../observation.ts';
import type { Rule } from '../rule.ts';
import { seenSince } from '../seen.ts';
import { capWaits } from './cap-waits.ts';
import { configDiffers } from './config-differs.ts';
import { crashLoop } from './crash-loop.ts';
import { clockJump } from './clock-jump.ts';
import { diskLow } from './disk-low.ts';
import { dlqGrowing } from './dlq-growing.ts';
import { draftsWaiting } from './drafts-waiting.ts';
import { drillOverdue } from './drill-overdue.ts';
import { egressDenied } from './egress-denied.ts';
import { holdsLeaking } from './holds-leaking.ts';
import { queueLag } from './queue-lag.ts';
import { scheduleMissed } from './schedule-missed.ts';

const MINUTE = 60_000;
const DAY = 24 * 3_600_000;
const NOW = 1_800_000_000_000;
const memory = { observation: NOTHING_OBSERVED, deadSeen: seenSince(0, 0) };
const HALTED = { halted: true, reason: 'r', who: 'w', at: NOW, stopFile: false };

const keys = (rule: Rule, part: Partial<Facts>, settings = settingsOf()): readonly string[] =>
  keysOf(rule.evaluate(factsOf(NOW, part), settings, memory));

function agent(name: string): Settings['agents'][number] {
  return { name, schedule: { kind: 'every', everyMs: 1_000 }, timeoutMs: MINUTE } as never;
}

test('nothing is wrong with a system in which nothing is wrong', () => {
  const it = scene();
  expect(it.run(60_000)).toEqual([]);
});

describe('schedule-missed', () => {
  const settings = settingsOf({ agents: [agent('a')] });
  const lags = (ms: number, agentName = 'a') => ({
    schedules: [{ agent: agentName, cursorAt: NOW - ms }],
  });

  test.each([
    ['a cursor that moves', lags(MINUTE), []],
    ['one that lags', lags(5 * MINUTE), ['schedule-missed:a']],
    ['one of another configuration', lags(DAY, 'b'), []],
    ['one that lags while halted', { ...lags(DAY), halt: HALTED }, []],
  ] as const)('%s', (_what, part, expected) => {
    expect(keys(scheduleMissed, part, settings)).toEqual(expected);
  });
});

describe('job-overdue', () => {
  const overdue = (it: ReturnType<typeof scene>, ms: number) =>
    keysOf(it.run(ms)).filter((key) => key.startsWith('job-overdue'));

  test('counts what was seen of an attempt, and not the time the machine slept', () => {
    const it = scene(settingsOf({ agents: [agent('a')] }));
    it.facts = { attempts: [{ job: 'j', attempt: 1, agent: 'a' }] };
    expect(overdue(it, MINUTE)).toEqual([]);
    it.clock.advance(DAY);
    expect(overdue(it, 1.9 * MINUTE)).toEqual([]);
    expect(overdue(it, MINUTE)).toEqual(['job-overdue:j']);
    it.facts = { attempts: [{ job: 'j', attempt: 2, agent: 'a' }] };
    expect(overdue(it, MINUTE)).toEqual([]);
  });
});

describe('queue-lag', () => {
  const queue = { queued: 3, waiting: 0, running: 1, dead: 0 };

  test.each([
    ['a short wait', { queue, queueLagMs: 14 * MINUTE }, []],
    ['a long one', { queue, queueLagMs: 15 * MINUTE }, ['queue-lag']],
    ['a long one while halted', { queue, queueLagMs: DAY, halt: HALTED }, []],
    ['an empty queue', { queueLagMs: DAY }, []],
  ] as const)('%s', (_what, part, expected) => {
    expect(keys(queueLag, part)).toEqual(expected);
  });
});

describe('thresholds', () => {
  type Case = [Rule, keyof RuleSettings, Partial<Facts>, Partial<Facts>, unknown];
  const aged = (ms: number) => ({ count: 1, waiting: 1, oldestAt: NOW - ms });
  const denial = (name: string, attempts: number) => ({ agent: name, attempts, jobs: 1, last: '' });
  const MIB = 1024 * 1024;
  const disk = { freeBytes: 512 * MIB, freeInodes: 5_000, walBytes: 256 * MIB };

  test.each<Case>([
    [dlqGrowing, 'dlq-growing', { deadLastHour: 4 }, { deadLastHour: 5 }, { perHour: 6 }],
    [
      holdsLeaking,
      'holds-leaking',
      { holds: aged(34 * MINUTE) },
      { holds: aged(35 * MINUTE) },
      { afterMs: DAY },
    ],
    [
      capWaits,
      'cap-waits',
      { capWaits: { jobs: 0, agents: [], untilAt: null } },
      { capWaits: { jobs: 30, agents: ['a', 'b'], untilAt: NOW + DAY } },
      { jobs: 31 },
    ],
    [
      egressDenied,
      'egress-denied',
      { denied: [denial('a', 4), denial('b', 4)] },
      { denied: [denial('a', 4), denial('b', 5)] },
      { perDay: 6 },
    ],
    [
      draftsWaiting,
      'drafts-waiting',
      { drafts: aged(DAY / 2 - 1) },
      { drafts: aged(DAY / 2) },
      { afterMs: DAY },
    ],
    [
      crashLoop,
      'crash-loop',
      { starts: [{ service: 'worker', count: 4 }] },
      { starts: [{ service: 'worker', count: 5 }] },
      { starts: 6 },
    ],
    [
      diskLow,
      'disk-low',
      { disk },
      { disk: { ...disk, freeBytes: disk.freeBytes - 1 } },
      { freeMb: 511, freeInodes: 0, walMb: 999 },
    ],
    [
      clockJump,
      'clock-jump',
      { highAt: NOW + 5 * MINUTE - 1 },
      { highAt: NOW + 5 * MINUTE },
      { afterMs: DAY },
    ],
  ])('%o', (rule, id, well, bad, laxer) => {
    expect(keys(rule, well)).toEqual([]);
    expect(keys(rule, bad)).toHaveLength(1);
    expect(keys(rule, bad, withRule(id, laxer as never))).toEqual([]);
  });

  test('a disk has three ways to run out', () => {
    const all = { freeBytes: 0, freeInodes: 0, walBytes: 1e12 };
    expect(keys(diskLow, { disk: all })).toHaveLength(3);
    expect(keys(diskLow, { disk: { ...disk, freeInodes: null } })).toEqual([]);
  });
});

describe('clock-jump', () => {
  const steps = (uptimePassed: number, wallPassed: number): readonly string[] => {
    const it = scene();
    it.uptime = 0;
    it.tick();
    it.uptime += uptimePassed;
    it.clock.stepTo(it.clock.now() + wallPassed);
    return keysOf(it.run(4_000)).filter((key) => key.startsWith('clock-jump'));
  };

  test('sleep is no step; a clock that was set is one, either way', () => {
    expect(steps(2 * 3_600_000, 2 * 3_600_000)).toEqual([]);
    expect(steps(0, 3_600_000)).toEqual(['clock-jump:step']);
    expect(steps(0, -3_600_000)).toContain('clock-jump:step');
    expect(steps(0, 30_000)).toEqual([]);
  });

  test('a step is forgotten after an hour', () => {
    const it = scene();
    it.uptime = 0;
    it.tick();
    it.clock.stepTo(it.clock.now() - 3_600_000);
    expect(keysOf(it.run(3_600_000))).toEqual(['clock-jump:step']);
    expect(it.run(60_000)).toEqual([]);
  });
});

describe('egress-denied', () => {
  test('names the agent and what it reached for, whatever that is made of', () => {
    const denied = [{ agent: 'digest', attempts: 7, jobs: 2, last: 'may not reach \u001b[2Jevil' }];
    const [finding] = egressDenied.evaluate(factsOf(NOW, { denied }), settingsOf(), memory);
    expect(finding).toMatchObject({ key: 'egress-denied:digest', severity: 'warn' });
    expect(finding?.detail).toBe(
      '7 attempts in 2 jobs since this time yesterday; may not reach evil',
    );
  });
});

describe('config-differs', () => {
  test.each([
    ['the same', 'a', 'a', null, []],
    ['another', 'a', 'b', null, ['config-differs']],
    ['another, of one that stopped', 'a', 'b', 1, []],
  ] as const)('%s', (_what, one, two, stoppedAt, expected) => {
    const instances = [
      lifeOf('scheduler', { configHash: one }),
      lifeOf('worker', { configHash: two, stoppedAt }),
    ];
    expect(keys(configDiffers, { instances })).toEqual(expected);
  });
});

describe('drill-overdue', () => {
  const run = (name: (typeof DRILLS)[number], passedAt: number | null) =>
    ({ id: name, name, passedAt, outcome: 'passed' }) as unknown as Facts['drills'][number];

  test('a fresh installation has ninety days, and then each drill its own', () => {
    expect(keys(drillOverdue, { installedAt: NOW - 89 * DAY })).toEqual([]);
    expect(keys(drillOverdue, { installedAt: NOW - 90 * DAY })).toEqual(['drill-overdue']);
    const drills = DRILLS.map((name) => run(name, NOW - DAY));
    expect(keys(drillOverdue, { installedAt: 0, drills })).toEqual([]);
    const facts = factsOf(NOW, { installedAt: 0, drills: [...drills.slice(1), run('cap', null)] });
    const [finding] = drillOverdue.evaluate(facts, settingsOf(), memory);
    expect(finding?.detail).toContain(`${DRILLS[0]} (never)`);
  });
});
