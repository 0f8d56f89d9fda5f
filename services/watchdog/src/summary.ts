import {
  uuidv7,
  type Clock,
  type Delivery,
  type Facts,
  type Settings,
  type WatchStore,
  type WeeklyTime,
} from '@nightshift/domain';
import { messageDeliveries } from '@nightshift/alerts';
import { summaryMessage, type Period } from './summary-message.ts';

const DAY_MS = 24 * 3_600_000;
/** A watchdog that never sent one does not begin with one that is hours late. */
const FIRST_LATE_MAX_MIN = 60;

/** The two summaries, with the name under which the last one's day is remembered. */
const SUMMARIES = [
  { of: 'day', memory: 'summary:day', spanMs: DAY_MS },
  { of: 'week', memory: 'summary:week', spanMs: 7 * DAY_MS },
] as const;
type Kind = (typeof SUMMARIES)[number];

export interface SummaryOptions {
  readonly settings: Settings;
  readonly store: Pick<WatchStore, 'recall'>;
  readonly clock: Clock;
  /** What happened in the span; null while the shared database cannot be opened. */
  readonly period: (span: { now: number; spanMs: number }) => Promise<Period | null>;
}

/** Rows to be written now, and what to remember with them in the same transaction. */
export interface SummaryDue {
  readonly deliveries: readonly Delivery[];
  readonly remember: Readonly<Record<string, string>>;
}

/** Once a day and once a week, at the operator's hour, over any number of restarts. */
export class Summaries {
  readonly #options: SummaryOptions;
  readonly #last = new Map<string, string | null>();

  constructor(options: SummaryOptions) {
    this.#options = options;
  }

  /** What is due at this tick. */
  async due(facts: Facts, channels: readonly string[]): Promise<SummaryDue> {
    const all = { deliveries: [] as Delivery[], remember: {} as Record<string, string> };
    for (const kind of SUMMARIES) {
      const one = await this.#dueOf(kind, facts, channels);
      all.deliveries.push(...one.deliveries);
      Object.assign(all.remember, one.remember);
    }
    return all;
  }

  /** What {@link due} gave is written. */
  written(remember: Readonly<Record<string, string>>): void {
    for (const [memory, day] of Object.entries(remember)) this.#last.set(memory, day);
  }

  async #dueOf(kind: Kind, facts: Facts, channels: readonly string[]): Promise<SummaryDue> {
    const { settings, clock, period } = this.#options;
    const due = dueAt(kind.of, settings, facts.now);
    if (due === null) return NOTHING;
    const last = await this.#lastOf(kind.memory);
    // A clock that was set back sees a day again of which everybody has heard.
    if (last !== null && due.day <= last) return NOTHING;
    const remember = { [kind.memory]: due.day };
    if (last === null && due.lateMin > FIRST_LATE_MAX_MIN) return { deliveries: [], remember };
    const seen = await period({ now: facts.now, spanMs: kind.spanMs });
    if (seen === null) return NOTHING;
    const subject = { of: kind.of, day: due.day, ref: uuidv7(clock) };
    const message = summaryMessage(facts, seen, subject);
    return { deliveries: messageDeliveries(message, channels, clock), remember };
  }

  async #lastOf(memory: string): Promise<string | null> {
    const known = this.#last.get(memory);
    if (known !== undefined) return known;
    const last = await this.#options.store.recall(memory);
    this.#last.set(memory, last);
    return last;
  }
}

const NOTHING: SummaryDue = { deliveries: [], remember: {} };

/** On which day the newest one was due, and how long ago; null when none was, or none is wanted. */
function dueAt(
  of: Kind['of'],
  { alerts, timezone }: Settings,
  now: number,
): { readonly day: string; readonly lateMin: number } | null {
  const { dailySummaryMinute, weeklySummary } = alerts;
  if (of === 'week') return weeklySummary === null ? null : weekly(weeklySummary, timezone, now);
  if (dailySummaryMinute === null) return null;
  const { date, minuteNow } = localTime(now, timezone);
  const lateMin = minuteNow - dailySummaryMinute;
  return lateMin < 0 ? null : { day: date.toString(), lateMin };
}

/** One that was missed on its day is due all week: a week has only one. */
function weekly(
  { weekday, minute }: WeeklyTime,
  timezone: string,
  now: number,
): { readonly day: string; readonly lateMin: number } {
  const { date, minuteNow } = localTime(now, timezone);
  const since = (date.dayOfWeek - weekday + 7) % 7;
  const days = since === 0 && minuteNow < minute ? 7 : since;
  const lateMin = days * 24 * 60 + minuteNow - minute;
  return { day: date.subtract({ days }).toString(), lateMin };
}

function localTime(at: number, timezone: string): { date: Temporal.PlainDate; minuteNow: number } {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone);
  return { date: local.toPlainDate(), minuteNow: local.hour * 60 + local.minute };
}
