import { sanitise, sanitiseLine, uuidv7 } from '@nightshift/domain';
import type { Clock, Finding, Incident, Severity } from '@nightshift/domain';
import { conditionOf, isMuted, parentsOf } from './conditions.ts';

/** Something a person is told about an incident. */
export interface Notice {
  readonly kind: 'open' | 'resolved' | 'reminder';
  readonly incident: Incident;
}

/** What one tick changes. */
export interface Transition {
  /** Incidents that are new or different, to be written. */
  readonly changed: readonly Incident[];
  readonly notices: readonly Notice[];
}

/** Reminders after an opening: soon, then ever rarer, then daily. ms. */
const REMINDERS_MS: readonly number[] = [30 * 60_000, 2 * 3_600_000, 6 * 3_600_000];
const DAY_MS = 24 * 3_600_000;

const RANK: Readonly<Record<Severity, number>> = { info: 0, warn: 1, page: 2 };

/**
 * The life of troubles, one tick on: `pending` while it is bad for fewer ticks than its condition
 * asks for, `open` from then on, `resolved` after enough good ticks. Pure; the caller writes
 * `changed` and the deliveries of `notices` in one transaction.
 *
 * @param live incidents that are pending or open, at most one a key
 * @param judges whether the absence of a finding means that all is well; others stand still
 */
export function transition(
  live: readonly Incident[],
  findings: readonly Finding[],
  judges: (rule: string, key: string) => boolean,
  clock: Clock,
): Transition {
  const bad = worstByKey(findings);
  const openKeys = new Set(live.filter((it) => it.state === 'open').map((it) => it.key));
  const steps: Step[] = [];
  for (const incident of live) {
    const finding = bad.get(incident.key);
    bad.delete(incident.key);
    if (finding !== undefined) steps.push(stillBad(incident, finding, openKeys, clock.now()));
    else if (judges(incident.rule, incident.key)) steps.push(good(incident, clock.now()));
    else steps.push(remind(incident, openKeys, clock.now()));
  }
  // Parents first, so that a parent that opens in this tick speaks for its children at once.
  for (const finding of [...bad.values()].toSorted(parentsFirst)) {
    if (isMuted(finding.rule, finding.key, openKeys)) continue;
    const step = begin(finding, clock);
    if (step.incident.state === 'open') openKeys.add(finding.key);
    steps.push(step);
  }
  return {
    changed: steps.filter((it) => it.changed).map((it) => it.incident),
    notices: steps.flatMap((it) => (it.notice === null ? [] : [noticeOf(it.notice, it.incident)])),
  };
}

/** When to remind again of an incident opened at `openedAt`: the first step after `now`. */
export function nextReminder(openedAt: number, now: number): number {
  const age = now - openedAt;
  const step = REMINDERS_MS.find((ms) => ms > age);
  return openedAt + (step ?? DAY_MS * (Math.floor(age / DAY_MS) + 1));
}

interface Step {
  readonly incident: Incident;
  readonly changed: boolean;
  readonly notice: Notice['kind'] | null;
}

function begin(finding: Finding, clock: Clock): Step {
  const now = clock.now();
  const pending: Incident = {
    id: uuidv7(clock),
    key: finding.key,
    rule: finding.rule,
    severity: finding.severity,
    state: 'pending',
    title: sanitiseLine(finding.title),
    detail: sanitise(finding.detail),
    badTicks: 1,
    goodTicks: 0,
    firstSeenAt: now,
    openedAt: null,
    resolvedAt: null,
    remindAt: null,
    ackedUntil: null,
    ackedBy: null,
  };
  if (finding.once === true) {
    // Said and over: nothing will ever report that a dead letter is well again.
    const incident: Incident = { ...pending, state: 'resolved', openedAt: now, resolvedAt: now };
    return { incident, changed: true, notice: 'open' };
  }
  if (conditionOf(finding.rule).openAfter > 1) {
    return { incident: pending, changed: true, notice: null };
  }
  return opened(pending, now);
}

function stillBad(
  incident: Incident,
  finding: Finding,
  openKeys: ReadonlySet<string>,
  now: number,
): Step {
  if (incident.state === 'pending') {
    const badTicks = incident.badTicks + 1;
    const due = badTicks >= conditionOf(incident.rule).openAfter;
    const muted = isMuted(incident.rule, incident.key, openKeys);
    const next = { ...incident, badTicks, detail: sanitise(finding.detail) };
    return due && !muted ? opened(next, now) : { incident: next, changed: true, notice: null };
  }
  const held = incident.goodTicks === 0 ? incident : { ...incident, goodTicks: 0 };
  if (RANK[finding.severity] > RANK[incident.severity]) {
    // An acknowledgement was for the lesser trouble.
    const worse: Incident = {
      ...held,
      severity: finding.severity,
      title: sanitiseLine(finding.title),
      detail: sanitise(finding.detail),
      ackedUntil: null,
      ackedBy: null,
    };
    return { incident: worse, changed: true, notice: 'reminder' };
  }
  const step = remind(held, openKeys, now);
  return held === incident ? step : { ...step, changed: true };
}

function good(incident: Incident, now: number): Step {
  const goodTicks = incident.goodTicks + 1;
  if (incident.state === 'pending') {
    const gone: Incident = { ...incident, goodTicks, state: 'resolved', resolvedAt: now };
    return { incident: gone, changed: true, notice: null };
  }
  if (goodTicks < conditionOf(incident.rule).resolveAfter) {
    return { incident: { ...incident, goodTicks }, changed: true, notice: null };
  }
  const over: Incident = {
    ...incident,
    goodTicks,
    state: 'resolved',
    resolvedAt: now,
    remindAt: null,
  };
  return { incident: over, changed: true, notice: 'resolved' };
}

function remind(incident: Incident, openKeys: ReadonlySet<string>, now: number): Step {
  const quiet: Step = { incident, changed: false, notice: null };
  if (incident.state !== 'open' || incident.openedAt === null) return quiet;
  if (incident.remindAt === null || now < incident.remindAt) return quiet;
  if (incident.ackedUntil !== null && now < incident.ackedUntil) return quiet;
  if (isMuted(incident.rule, incident.key, openKeys)) return quiet;
  const next = { ...incident, remindAt: nextReminder(incident.openedAt, now) };
  return { incident: next, changed: true, notice: 'reminder' };
}

function opened(pending: Incident, now: number): Step {
  const incident: Incident = {
    ...pending,
    state: 'open',
    openedAt: now,
    remindAt: nextReminder(now, now),
  };
  return { incident, changed: true, notice: 'open' };
}

function noticeOf(kind: Notice['kind'], incident: Incident): Notice {
  return { kind, incident };
}

function worstByKey(findings: readonly Finding[]): Map<string, Finding> {
  const worst = new Map<string, Finding>();
  for (const finding of findings) {
    const known = worst.get(finding.key);
    if (known === undefined || RANK[finding.severity] > RANK[known.severity]) {
      worst.set(finding.key, finding);
    }
  }
  return worst;
}

function parentsFirst(a: Finding, b: Finding): number {
  return parentsOf(a.rule, a.key) - parentsOf(b.rule, b.key);
}
