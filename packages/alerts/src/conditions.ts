import type { Condition, Rule } from './rule.ts';
import { breakerOpen } from './rules/breaker-open.ts';
import { capWaits } from './rules/cap-waits.ts';
import { clockJump } from './rules/clock-jump.ts';
import { configDiffers } from './rules/config-differs.ts';
import { crashLoop } from './rules/crash-loop.ts';
import { deadLetter } from './rules/dead-letter.ts';
import { diskLow } from './rules/disk-low.ts';
import { dlqGrowing } from './rules/dlq-growing.ts';
import { draftsWaiting } from './rules/drafts-waiting.ts';
import { drillOverdue } from './rules/drill-overdue.ts';
import { egressDenied } from './rules/egress-denied.ts';
import { estimateBreached } from './rules/estimate-breached.ts';
import { factsUnavailable } from './rules/facts-unavailable.ts';
import { haltedLong } from './rules/halted-long.ts';
import { holdsLeaking } from './rules/holds-leaking.ts';
import { jobOverdue } from './rules/job-overdue.ts';
import { queueLag } from './rules/queue-lag.ts';
import { scheduleMissed } from './rules/schedule-missed.ts';
import { serviceSilent } from './rules/service-silent.ts';
import { spendRate } from './rules/spend-rate.ts';
import { spendWindow } from './rules/spend-window.ts';
import { workerWedged } from './rules/worker-wedged.ts';

/** Rules that read the facts of a tick. */
export const RULES: readonly Rule[] = [
  serviceSilent,
  workerWedged,
  crashLoop,
  jobOverdue,
  scheduleMissed,
  spendWindow,
  spendRate,
  capWaits,
  estimateBreached,
  egressDenied,
  holdsLeaking,
  deadLetter,
  dlqGrowing,
  queueLag,
  breakerOpen,
  diskLow,
  clockJump,
  configDiffers,
  draftsWaiting,
  drillOverdue,
  haltedLong,
];

/** What the watchdog finds while acting, not in the facts. */
export const ACTED: readonly Condition[] = [
  {
    id: 'identity-mismatch',
    severity: 'page',
    doc: 'A service is silent, and its recorded process cannot be proven: nothing is signalled.',
    openAfter: 1,
    resolveAfter: 2,
  },
  {
    id: 'kill-failed',
    severity: 'page',
    doc: 'A process is still there after SIGKILL.',
    openAfter: 1,
    resolveAfter: 2,
  },
  {
    id: 'not-recovered',
    severity: 'page',
    doc: 'A service was killed, and no new instance made progress in time.',
    openAfter: 1,
    resolveAfter: 2,
  },
  {
    id: 'stand-down',
    severity: 'page',
    doc: 'The budget of kills is used up: the watchdog kills no more and a person has to look.',
    openAfter: 1,
    resolveAfter: 2,
  },
  {
    id: 'config-invalid',
    severity: 'page',
    doc: 'The configuration cannot be used; the watchdog runs on the last good one.',
    openAfter: 1,
    resolveAfter: 1,
  },
  {
    id: 'watchdog-error',
    severity: 'page',
    doc: 'A part of the watchdog itself failed.',
    openAfter: 2,
    resolveAfter: 2,
  },
  {
    id: 'channel-broken',
    severity: 'page',
    doc: 'A channel refuses messages for good, or has been unreachable for long.',
    openAfter: 1,
    resolveAfter: 2,
  },
  {
    id: 'halted',
    severity: 'warn',
    doc: 'Somebody halted everything: who, when and why.',
    openAfter: 1,
    resolveAfter: 1,
  },
  {
    id: 'resumed',
    severity: 'info',
    doc: 'A halt is over: who ended it, and what it was for.',
    openAfter: 1,
    resolveAfter: 1,
  },
  {
    id: 'halted-by-rule',
    severity: 'page',
    doc: 'A rule about money halted everything or paused an agent, because it was set to.',
    openAfter: 1,
    resolveAfter: 1,
  },
  {
    id: 'drill-abandoned',
    severity: 'warn',
    doc: 'A drill died; what it had changed was undone.',
    openAfter: 1,
    resolveAfter: 1,
  },
];

/** Raised by the scheduler, straight through the channels: the watchdog cannot say it. */
export const WATCHDOG_SILENT: Condition = {
  id: 'watchdog-silent',
  severity: 'page',
  doc: 'The watchdog shows no sign of life; the scheduler says so.',
  openAfter: 1,
  resolveAfter: 1,
};

/** Everything that can be raised. Each has a heading of its id in RUNBOOK.md. */
export const CONDITIONS: readonly Condition[] = [
  factsUnavailable,
  ...RULES,
  ...ACTED,
  WATCHDOG_SILENT,
];

const BY_ID = new Map(CONDITIONS.map((it) => [it.id, it]));

/** The condition of an id; an unknown one (an older row) opens and resolves at once. */
export function conditionOf(id: string): Condition {
  return BY_ID.get(id) ?? { id, severity: 'warn', doc: id, openAfter: 1, resolveAfter: 1 };
}

/**
 * Who speaks for whom: while the parent is open its children are neither opened nor repeated,
 * because they say the same thing again.
 */
export const PARENTS: readonly { readonly parent: string; readonly child: string }[] = [
  { parent: 'service-silent:worker', child: 'worker-wedged:worker' },
  { parent: 'service-silent:worker', child: 'queue-lag' },
  { parent: 'service-silent:worker', child: 'job-overdue' },
  { parent: 'service-silent:scheduler', child: 'schedule-missed' },
  ...RULES.map((rule) => ({ parent: factsUnavailable.id, child: rule.id })),
];

/** True when one of the open incidents' keys speaks for this finding. */
export function isMuted(rule: string, key: string, openKeys: ReadonlySet<string>): boolean {
  return PARENTS.some((it) => openKeys.has(it.parent) && isChild(it.child, rule, key));
}

/** How many may speak for this finding: a child always has more of them than its parent. */
export function parentsOf(rule: string, key: string): number {
  return PARENTS.filter((it) => isChild(it.child, rule, key)).length;
}

function isChild(child: string, rule: string, key: string): boolean {
  return child === key || child === rule;
}
