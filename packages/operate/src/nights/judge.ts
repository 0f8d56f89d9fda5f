import {
  type AuditRow,
  type Delivery,
  type Incident,
  type ServiceName,
  type Severity,
  type Times,
} from '@nightshift/domain';
import type { DueSlot, NightFacts } from '@nightshift/store';
import { overCap, spendOf, type ScopeSpend } from './day-spend.ts';
import type { DaySpan } from './days.ts';
import { gapsOf, type Gap } from './silences.ts';

/**
 * One day, and why it did not pass without anybody. It passed when all of this is so:
 *
 * - every slot that was due is a job that is done, or was left out because the one before it still
 *   ran (`overlap`); no job of any kind became a dead letter;
 * - no service was silent for longer than it takes to notice, to end and to replace a wedged one;
 * - no scope spent more than the highest cap that held that day, raises included;
 * - every alert has a receipt from some channel, and no page was left open at the end of the day;
 * - no person gave an order, not even an approval or an acknowledgement (that a drill ran is none,
 * but
 *   what it halts, kills and lets die counts like anything else);
 * - nothing of it has been pruned.
 */
export interface NightDay extends DaySpan {
  /** It is over. Only such a day is judged. */
  readonly whole: boolean;
  readonly ok: boolean;
  readonly reasons: readonly string[];
  readonly slots: SlotCounts;
  readonly restarts: readonly Restart[];
  /** Silences that the watchdog would have noticed, and longer ones. */
  readonly gaps: readonly Gap[];
  readonly spend: readonly ScopeSpend[];
  readonly alerts: readonly NightAlert[];
  readonly orders: readonly Order[];
}

export interface SlotCounts {
  readonly due: number;
  readonly done: number;
  /** Left out with a reason, of which `overlap` alone is no fault. */
  readonly skipped: number;
  /** Their jobs are dead or cancelled. */
  readonly failed: number;
  /** Their jobs have not ended yet. */
  readonly open: number;
}

export interface Restart {
  readonly service: ServiceName;
  readonly count: number;
  /** How many of the lives before them ended without a goodbye. */
  readonly crashed: number;
}

export interface NightAlert {
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly title: string;
  readonly openedAt: number;
  readonly resolvedAt: number | null;
  readonly receipts: readonly {
    readonly channel: string;
    readonly receipt: string | null;
    readonly at: number;
  }[];
}

/** What a person did. */
export interface Order {
  /** Null for an acknowledgement: its row says until when, not since when. */
  readonly at: number | null;
  readonly actor: string;
  readonly action: string;
  readonly subject: string | null;
}

export interface ToldAlert {
  readonly incident: Incident;
  readonly deliveries: readonly Delivery[];
}

export interface NightInput {
  readonly facts: NightFacts;
  /** Null where no watchdog ever ran. */
  readonly alerts: readonly ToldAlert[] | null;
  readonly times: Times;
  readonly now: number;
}

/** Services that are up all the time. */
const RESIDENT: readonly ServiceName[] = ['scheduler', 'worker', 'watchdog'];
/**
 * What a replacement takes beyond the times that are set: ticks, the proof that the old one is
 * dead.
 */
const SLACK_MS = 15_000;
/** Skips that are the operator's own wish and not a loss. */
const WANTED = new Set(['overlap']);

/** Judges one day. Pure. */
export function judgeDay(span: DaySpan, input: NightInput): NightDay {
  const { facts, times, now } = input;
  const until = Math.min(span.untilAt, now);
  const slots = facts.slots.filter((it) => touches(it, span));
  const dead = facts.dead.filter((it) => within(it.at, span));
  const spanSeen = { fromAt: span.fromAt, untilAt: until, leastMs: times.silentMs };
  const gaps = RESIDENT.flatMap((it) => gapsOf(it, facts, spanSeen));
  const spend = spendOf(span, facts);
  const told = (input.alerts ?? []).filter((it) => isAbout(it.incident, span, until));
  const orders = ordersOf(span, facts.audit, told);
  const reasons = [
    ...pruned(span, facts),
    ...(input.alerts === null ? ['no watchdog has ever run here'] : []),
    ...slotReasons(slots),
    ...dead.map((it) => `job ${it.job} of ${it.agent} died`),
    ...gapReasons(gaps, times, until - span.fromAt),
    ...spend.flatMap(overCap),
    ...told.flatMap((it) => alertReasons(it, span)),
    ...orders.map((it) => `${it.actor} gave an order: ${orderText(it)}`),
  ];
  const whole = span.untilAt <= now;
  return {
    ...span,
    whole,
    ok: whole && reasons.length === 0,
    reasons,
    slots: countSlots(slots),
    restarts: restartsOf(span, facts),
    gaps,
    spend,
    alerts: told.map(alertOf),
    orders,
  };
}

/** Longest silence of a service that was noticed, ended and replaced as promised, ms. */
export function longestGapMs(times: Times): number {
  return times.silentMs + times.termGraceMs + times.recoverMs + SLACK_MS;
}

function within(at: number, span: DaySpan): boolean {
  return at >= span.fromAt && at < span.untilAt;
}

/** A range belongs to each day it touches: all of them lost something. */
function touches(slot: DueSlot, span: DaySpan): boolean {
  return slot.scheduledFor >= span.fromAt && (slot.rangeFrom ?? slot.scheduledFor) < span.untilAt;
}

function countSlots(slots: readonly DueSlot[]): SlotCounts {
  const sum = (of: (it: DueSlot) => boolean): number =>
    slots.filter(of).reduce((total, it) => total + it.count, 0);
  return {
    due: sum(() => true),
    done: sum((it) => it.jobState === 'done'),
    skipped: sum((it) => it.status === 'skipped'),
    failed: sum(isFailed),
    open: sum(isOpen),
  };
}

function isFailed(it: DueSlot): boolean {
  return it.jobState === 'dead' || it.jobState === 'cancelled';
}

function isOpen(it: DueSlot): boolean {
  return it.status === 'enqueued' && it.jobState !== 'done' && !isFailed(it);
}

function slotReasons(slots: readonly DueSlot[]): readonly string[] {
  const { failed, open } = countSlots(slots);
  const lost = new Map<string, number>();
  for (const { status, reason, count } of slots) {
    if (status !== 'skipped' || WANTED.has(reason ?? '')) continue;
    lost.set(reason ?? '', (lost.get(reason ?? '') ?? 0) + count);
  }
  return [
    ...[...lost].map(([reason, count]) => `${slotsText(count)} skipped: ${reason}`),
    ...(failed > 0 ? [`${slotsText(failed)} with a job that did not end as done`] : []),
    ...(open > 0 ? [`${slotsText(open)} with a job that has not ended`] : []),
  ];
}

function slotsText(count: number): string {
  return count === 1 ? '1 slot' : `${count} slots`;
}

function gapReasons(gaps: readonly Gap[], times: Times, dayMs: number): readonly string[] {
  const allDay = gaps.filter((it) => it.ms >= dayMs);
  if (allDay.length === RESIDENT.length) return ['no service was up'];
  return gaps.filter((it) => it.ms > longestGapMs(times)).map(gapReason);
}

function gapReason(gap: Gap): string {
  const at = new Date(gap.fromAt).toISOString();
  return `${gap.service} was silent for ${Math.round(gap.ms / 1_000)} s from ${at}`;
}

function restartsOf(span: DaySpan, { lives }: NightFacts): readonly Restart[] {
  return RESIDENT.flatMap((service) => {
    const own = lives.filter((it) => it.service === service);
    const again = own
      .map((life, i) => ({ life, before: own[i - 1] }))
      .filter(({ life, before }) => before !== undefined && within(life.startedAt, span));
    const crashed = again.filter(({ before }) => before?.stopped === false).length;
    return again.length === 0 ? [] : [{ service, count: again.length, crashed }];
  });
}

/** It opened on that day, or was open on it. */
function isAbout(incident: Incident, span: DaySpan, until: number): boolean {
  const from = incident.openedAt ?? incident.firstSeenAt;
  return from < until && (incident.resolvedAt ?? Number.POSITIVE_INFINITY) >= span.fromAt;
}

function alertReasons({ incident, deliveries }: ToldAlert, span: DaySpan): readonly string[] {
  const reached = deliveries.some((it) => it.state === 'delivered');
  const left = incident.resolvedAt === null || incident.resolvedAt >= span.untilAt;
  return [
    ...(reached ? [] : [`alert ${incident.key} reached nobody`]),
    ...(left && incident.severity === 'page' ? [`alert ${incident.key} was left open`] : []),
  ];
}

function alertOf({ incident, deliveries }: ToldAlert): NightAlert {
  const { id, rule, severity, title, resolvedAt, firstSeenAt } = incident;
  const openedAt = incident.openedAt ?? firstSeenAt;
  const receipts = deliveries
    .filter((it) => it.state === 'delivered')
    .map((it) => ({
      channel: it.channel,
      receipt: it.receipt,
      at: it.deliveredAt ?? it.createdAt,
    }));
  return { id, rule, severity, title, openedAt, resolvedAt, receipts };
}

function ordersOf(
  span: DaySpan,
  audit: readonly AuditRow[],
  told: readonly ToldAlert[],
): readonly Order[] {
  const orders = audit
    .filter((it) => it.actor.startsWith('person:') && within(it.at, span))
    // What a drill wrote down of itself; it may have begun by a timer.
    .filter((it) => !it.action.startsWith('drill.'))
    .map(({ at, actor, action, subject }): Order => ({ at, actor, action, subject }));
  const acks = told.flatMap(({ incident: { ackedBy, id } }): Order[] =>
    ackedBy === null ? [] : [{ at: null, actor: ackedBy, action: 'alert.ack', subject: id }],
  );
  return [...orders, ...acks];
}

function orderText({ action, subject }: Order): string {
  return subject === null ? action : `${action} ${subject}`;
}

function pruned(span: DaySpan, facts: NightFacts): readonly string[] {
  return [
    ...(facts.slotsKeptFrom >= span.fromAt ? ['some of its slots have been pruned'] : []),
    ...(facts.eventsKeptFrom > span.fromAt ? ['some of its events have been pruned'] : []),
  ];
}
