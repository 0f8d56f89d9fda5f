import {
  DEFAULT_ALERTS,
  DEFAULT_RULES,
  DEFAULT_RETENTION,
  DEFAULT_TIMES,
} from '@nightshift/domain';
import type { Facts, Instance, Job, RuleSettings, ServiceName } from '@nightshift/domain';
import type { Settings, WindowState } from '@nightshift/domain';

/** A system in which all is well and nothing is to be done. */
export function factsOf(now: number, part: Partial<Facts> = {}): Facts {
  return {
    now,
    halt: { halted: false, reason: null, who: null, at: null, stopFile: false },
    instances: [],
    windows: [],
    spendRate: [],
    queue: { queued: 0, waiting: 0, running: 0, dead: 0 },
    claimable: (part.queue?.queued ?? 0) > 0,
    queueLagMs: 0,
    dead: [],
    breakers: [],
    reports: [],
    attempts: [],
    schedules: [],
    deadLastHour: 0,
    overBound: [],
    holds: { count: 0, oldestAt: null },
    disk: { freeBytes: 1e12, freeInodes: 1e9, walBytes: 0 },
    starts: [],
    highAt: now,
    capWaits: { jobs: 0, agents: [], untilAt: null },
    denied: [],
    drafts: { waiting: 0, oldestAt: null },
    drills: [],
    installedAt: now,
    ...part,
  };
}

/** One life of a service. */
export function lifeOf(service: ServiceName, part: Partial<Instance> = {}): Instance {
  return {
    id: `${service}-1`,
    service,
    pid: 4_242,
    startTicks: 99,
    bootId: 'boot',
    pidNamespace: 'ns',
    version: '0.1.0',
    configHash: 'hash',
    loopSeq: 1,
    progressSeq: 1,
    phase: 'idle',
    inflightKind: null,
    inflightDeadline: null,
    startedAt: 0,
    beatAt: 0,
    stoppedAt: null,
    launcher: null,
    ...part,
  };
}

/** A job that was given up. */
export function deadJob(id: string, finishedAt: number, part: Partial<Job> = {}): Job {
  return {
    id,
    key: id,
    agent: 'digest',
    input: null,
    priority: 0,
    state: 'dead',
    attempts: 3,
    maxAttempts: 3,
    runAfter: 0,
    waitReason: null,
    waitSince: null,
    lease: null,
    slot: null,
    lastError: { code: 'agent-failed', message: 'it threw' },
    progress: null,
    createdAt: 0,
    startedAt: 0,
    finishedAt,
    report: null,
    ...part,
  };
}

/** A day window. */
export function dayOf(part: Partial<WindowState>): WindowState {
  return {
    scope: 'global',
    window: 'day',
    key: '2026-01-01',
    capNusd: 1_000_000_000,
    settledNusd: 0,
    heldNusd: 0,
    presumedNusd: 0,
    ...part,
  };
}

/** Settings with the default times and nothing else in them. */
export function settingsOf(part: Partial<Settings> = {}): Settings {
  return {
    file: null,
    dir: '/',
    hash: 'hash',
    version: 1,
    timezone: 'UTC',
    budgets: [],
    endpoints: [],
    models: {},
    agents: [],
    actions: {},
    alerts: DEFAULT_ALERTS,
    times: DEFAULT_TIMES,
    concurrency: 1,
    sandbox: 'auto',
    maxWaitMs: 86_400_000,
    retention: DEFAULT_RETENTION,
    drillSchedule: null,
    ...part,
  };
}

/** Settings in which one rule is set otherwise. */
export function withRule<Id extends keyof RuleSettings>(
  id: Id,
  rule: RuleSettings[Id],
  part: Partial<Settings> = {},
): Settings {
  return settingsOf({
    alerts: { ...DEFAULT_ALERTS, rules: { ...DEFAULT_RULES, [id]: rule } },
    ...part,
  });
}
