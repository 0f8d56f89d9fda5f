import nodeCron, { type ScheduledTask } from 'node-cron';
import { candidates } from './fields.ts';
import { offsetsOf } from './offsets.ts';

/**
 * node-cron behind three questions: does this minute match, which minute is worth asking about
 * next, and what is wrong with this expression. Its own timers are not used: what is due is
 * decided by the durable cursor, not by a process that happened to be awake.
 *
 * When the clocks go back, node-cron's matcher answers yes for both passes through the repeated
 * time, and its trigger stays silent for the whole second pass. Neither is what an operator means:
 * a schedule that names its hours runs once, in the first pass; one that runs every hour goes on
 * through both, because an hour of silence would be a lost hour. A time that the clocks jump over
 * in spring does not exist that day.
 */
export interface CronMatcher {
  /** True when the minute that begins at `atMs` is a slot. */
  matches(atMs: number): boolean;
  /** The first minute in `[from, limit]` that may match; null when none does. */
  candidate(from: number, limit: number): number | null;
}

/** Matchers by expression and zone: node-cron keeps every task that was ever made in a registry. */
const made = new Map<string, CronMatcher>();

/** A matcher for five cron fields in an IANA time zone. Both were checked with the configuration. */
export function cronMatcher(expression: string, timezone: string): CronMatcher {
  const key = `${timezone} ${expression}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const matcher = newMatcher(expression, timezone);
  made.set(key, matcher);
  return matcher;
}

function newMatcher(expression: string, timezone: string): CronMatcher {
  const task: ScheduledTask = nodeCron.createTask(expression, () => undefined, { timezone });
  const fields = nodeCron.parse(expression);
  const everyHour = new Set(fields.hour).size === 24;
  return {
    matches: (atMs) => task.match(new Date(atMs)) && (everyHour || !isRepeated(atMs, timezone)),
    candidate: candidates(fields, offsetsOf(timezone)),
  };
}

/** True in the second pass through a local time that exists twice. */
function isRepeated(atMs: number, timezone: string): boolean {
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone);
  const first = local.toPlainDateTime().toZonedDateTime(timezone, { disambiguation: 'earlier' });
  return first.epochMilliseconds !== atMs;
}

/** What is wrong with an expression, or null. Day of month and day of week are ANDed, unlike in
 * cron(8). */
export function checkCron(expression: string): string | null {
  if (expression.trim().split(/\s+/).length !== 5) {
    return 'a schedule has five fields: minute hour day-of-month month day-of-week';
  }
  const result = nodeCron.validateDetailed(expression);
  if (result.valid) return null;
  return result.errors.map((e) => `${e.field}: ${e.message}`).join('; ');
}
