import {
  formatUsd,
  type Facts,
  type Message,
  type Settings,
  type SpendTotal,
  type Value,
  valueOf,
} from '@nightshift/domain';
import { overdueDrills } from '@nightshift/alerts';
import { endedSince, type Ended, type Store } from '@nightshift/store';

const DAY_MS = 24 * 3_600_000;
/** A drill is worth a line here long before it is an incident. */
const DRILL_MENTIONED_MS = 30 * DAY_MS;
/** Agents that are named one by one. */
const NAMED_MAX = 10;

/** What a day or a week was, besides the facts of this moment. */
export interface Period {
  readonly ended: Ended;
  readonly spent: readonly SpendTotal[];
  readonly value: Value;
  /** Value of the period before it, which was as long. */
  readonly before: Value;
}

/** What happened in the `spanMs` before `now`, read from the shared database. */
export async function readPeriod(
  store: Store,
  settings: Settings,
  { now, spanMs }: { readonly now: number; readonly spanMs: number },
): Promise<Period> {
  const sinceAt = now - spanMs;
  const beforeAt = sinceAt - spanMs;
  const { reports, ledger } = store;
  return {
    ended: await endedSince(store, sinceAt),
    spent: await ledger.totals('agent', sinceAt),
    value: valueOf(settings, await reports.delivered(sinceAt), sinceAt),
    before: valueOf(settings, await reports.delivered(beforeAt, sinceAt), beforeAt),
  };
}

/** Of what a message is, and when. */
export interface Subject {
  readonly of: 'day' | 'week';
  /** The operator's day on which it is due, as `2026-11-22`. */
  readonly day: string;
  readonly ref: string;
}

/** The message itself. Pure. */
export function summaryMessage(facts: Facts, period: Period, subject: Subject): Message {
  const { ended, spent, value, before } = period;
  const total = spent.reduce((sum, it) => sum + it.settledNusd + it.presumedNusd, 0);
  const month = facts.windows.find((it) => it.scope === 'global' && it.window === 'month');
  const drills = overdueDrills(facts, DRILL_MENTIONED_MS);
  const [span, of] = subject.of === 'day' ? ['24 hours', ''] : ['7 days', ' the week to'];
  const lines = [
    `Runs: ${ended.done} done, ${ended.dead} dead, ${ended.cancelled} cancelled; ${facts.queue.queued} queued, ${facts.queue.waiting} waiting.`,
    `Spent in ${span}: ${formatUsd(total)}${byAgent(spent)}.`,
    ...(month === undefined
      ? []
      : [
          `Month ${month.key}: ${formatUsd(month.settledNusd + month.presumedNusd)} of ${formatUsd(month.capNusd)}.`,
        ]),
    valueLine(value, before, subject.of),
    `Dead letters: ${facts.queue.dead}. Drafts that wait: ${facts.drafts.waiting}.`,
    drills.length === 0 ? 'Drills: all within 30 days.' : `Drills to be run: ${drills.join(', ')}.`,
  ];
  return {
    title: `Nightshift,${of} ${subject.day}: ${ended.done} done, ${ended.dead} dead, ${formatUsd(total)}`,
    body: lines.join('\n'),
    severity: 'info',
    resolved: false,
    ref: subject.ref,
    runbook: null,
  };
}

/** Each agent, everybody together, and how it was in the period before. */
function valueLine(value: Value, before: Value, of: 'day' | 'week'): string {
  const agents = value.agents
    .slice(0, NAMED_MAX)
    .map((it) => `${it.agent} ${it.valued ? formatUsd(it.netNusd) : 'not valued'}`);
  const named = agents.length === 0 ? '' : ` (${agents.join(', ')})`;
  const sum = `saved ${formatUsd(value.savedNusd)}, net ${formatUsd(value.netNusd)}${named}`;
  return `Value: ${value.reports} reports, ${sum}; the ${of} before: ${formatUsd(before.netNusd)}.`;
}

function byAgent(spent: readonly SpendTotal[]): string {
  const parts = spent
    .slice(0, NAMED_MAX)
    .map((it) => `${it.name} ${formatUsd(it.settledNusd + it.presumedNusd)}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
