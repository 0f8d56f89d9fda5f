import {
  formatUsd,
  uuidv7,
  type Clock,
  type Delivery,
  type Facts,
  type Message,
  type Settings,
  type SpendTotal,
  type WatchStore,
} from '@nightshift/domain';
import { messageDeliveries, overdueDrills } from '@nightshift/alerts';
import { endedSince, type Ended, type Store } from '@nightshift/store';

const DAY_MS = 24 * 3_600_000;
/** A drill is worth a line here long before it is an incident. */
const DRILL_MENTIONED_MS = 30 * DAY_MS;
/** Of which day the last summary was, as `2026-11-22`. */
const LAST_DAY = 'summary:day';
/** A watchdog that never sent one does not begin with one that is hours late. */
const FIRST_LATE_MAX_MIN = 60;

/** What a day was, besides the facts of this moment. */
export interface Night {
  readonly ended: Ended;
  readonly spent: readonly SpendTotal[];
  readonly savedNusd: number;
  readonly paidNusd: number;
  readonly reports: number;
}

export interface SummaryOptions {
  readonly settings: Settings;
  readonly store: Pick<WatchStore, 'recall'>;
  readonly clock: Clock;
  /** What happened since; null while the shared database cannot be opened. */
  readonly night: (sinceAt: number) => Promise<Night | null>;
}

/** Once a day, at the operator's hour, over any number of restarts. */
export class DailySummary {
  readonly #options: SummaryOptions;
  #last: string | null | undefined;

  constructor(options: SummaryOptions) {
    this.#options = options;
  }

  /** Rows to be written now, and what to remember with them in the same transaction. */
  async due(
    facts: Facts,
    channels: readonly string[],
  ): Promise<{
    readonly deliveries: readonly Delivery[];
    readonly remember: Readonly<Record<string, string>>;
  }> {
    const { settings, clock, store, night } = this.#options;
    const minute = settings.alerts.dailySummaryMinute;
    if (minute === null) return NOTHING;
    const { day, minuteNow } = localTime(facts.now, settings.timezone);
    this.#last ??= await store.recall(LAST_DAY);
    // A clock that was set back sees a day again of which everybody has heard.
    if (minuteNow < minute || (this.#last !== null && day <= this.#last)) return NOTHING;
    const remember = { [LAST_DAY]: day };
    if (this.#last === null && minuteNow - minute > FIRST_LATE_MAX_MIN) {
      return { deliveries: [], remember };
    }
    const seen = await night(facts.now - DAY_MS);
    if (seen === null) return NOTHING;
    const message = summaryMessage(facts, seen, { day, ref: uuidv7(clock) });
    return { deliveries: messageDeliveries(message, channels, clock), remember };
  }

  /** What {@link due} gave is written. */
  written(remember: Readonly<Record<string, string>>): void {
    this.#last = remember[LAST_DAY] ?? this.#last;
  }
}

const NOTHING = { deliveries: [], remember: {} };

/** What happened since, read from the shared database. */
export async function readNight(store: Store, settings: Settings, sinceAt: number): Promise<Night> {
  const delivered = await store.reports.delivered(sinceAt);
  const worth = new Map(settings.agents.map((it) => [it.name, it.value]));
  const savedNusd = delivered.reduce((sum, it) => {
    const value = worth.get(it.agent);
    if (value === undefined || value === null) return sum;
    return sum + Math.floor(value.hoursSaved * value.hourlyRateNusd) * it.count;
  }, 0);
  return {
    ended: await endedSince(store, sinceAt),
    spent: await store.ledger.totals('agent', sinceAt),
    savedNusd,
    paidNusd: delivered.reduce((sum, it) => sum + it.spentNusd, 0),
    reports: delivered.reduce((sum, it) => sum + it.count, 0),
  };
}

/** The message itself. Pure. */
export function summaryMessage(
  facts: Facts,
  night: Night,
  { day, ref }: { readonly day: string; readonly ref: string },
): Message {
  const { ended, spent } = night;
  const total = spent.reduce((sum, it) => sum + it.settledNusd + it.presumedNusd, 0);
  const month = facts.windows.find((it) => it.scope === 'global' && it.window === 'month');
  const drills = overdueDrills(facts, DRILL_MENTIONED_MS);
  const lines = [
    `Runs: ${ended.done} done, ${ended.dead} dead, ${ended.cancelled} cancelled; ${facts.queue.queued} queued, ${facts.queue.waiting} waiting.`,
    `Spent in 24 hours: ${formatUsd(total)}${byAgent(spent)}.`,
    ...(month === undefined
      ? []
      : [
          `Month ${month.key}: ${formatUsd(month.settledNusd + month.presumedNusd)} of ${formatUsd(month.capNusd)}.`,
        ]),
    `Value: ${night.reports} reports, saved ${formatUsd(night.savedNusd)}, net ${signedUsd(night.savedNusd - night.paidNusd)}.`,
    `Dead letters: ${facts.queue.dead}. Drafts that wait: ${facts.drafts.waiting}.`,
    drills.length === 0 ? 'Drills: all within 30 days.' : `Drills to be run: ${drills.join(', ')}.`,
  ];
  return {
    title: `Nightshift, ${day}: ${ended.done} done, ${ended.dead} dead, ${formatUsd(total)}`,
    body: lines.join('\n'),
    severity: 'info',
    resolved: false,
    ref,
    runbook: null,
  };
}

function byAgent(spent: readonly SpendTotal[]): string {
  const parts = spent
    .slice(0, 10)
    .map((it) => `${it.name} ${formatUsd(it.settledNusd + it.presumedNusd)}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function signedUsd(nusd: number): string {
  return nusd < 0 ? `-${formatUsd(-nusd)}` : formatUsd(nusd);
}

function localTime(at: number, timezone: string): { day: string; minuteNow: number } {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone);
  return { day: local.toPlainDate().toString(), minuteNow: local.hour * 60 + local.minute };
}
