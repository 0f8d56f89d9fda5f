import { windowEnd, windowKeys, type WindowKeys } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';

/**
 * Which moment a call is booked at. The wall clock may step, so the ledger keeps the latest time it
 * ever admitted a call at (`control.high_at`) and never books before it: a day that was spent does
 * not come back because somebody set the clock.
 *
 * Two things stay possible, on purpose. A jump ahead is believed at once, because a machine that
 * was off for a month looks exactly the same; a false one costs at most one fresh window of each
 * kind. And a clock that fell far behind what was believed (the false jump was corrected) makes the
 * day stand still for an hour and is then believed itself, so that a jump of years ahead and back
 * does not shut the ledger for years. Windows keep their counters, so the days that are passed
 * through again offer what was left of them and no more.
 */
export const FAR_BEHIND_MS = 36 * 3_600_000;
/** How long a clock must have stayed far behind before it is believed. */
export const BEHIND_FOR_MS = 3_600_000;

/** The time to book at. A clock that was set back does not count until it has caught up. */
export function believedAt(now: number, highAt: number): number {
  return Math.max(now, highAt);
}

/** True when the clock lies so far back that what was believed before may have been wrong. */
export function isFarBehind(now: number, highAt: number): boolean {
  return highAt - now > FAR_BEHIND_MS;
}

/** A stretch of time with the same window keys: from `from`, before `until`, epoch ms. */
export interface Stretch {
  readonly timezone: string;
  readonly from: number;
  readonly until: number;
  readonly keys: WindowKeys;
}

/** Window keys by the moment, computed once a stretch: the calendar costs more than the statement. */
export class Calendar {
  #last: Stretch | undefined;

  at(atMs: number, timezone: string): Stretch {
    const last = this.#last;
    const holds = last !== undefined && last.timezone === timezone;
    if (holds && last.from <= atMs && atMs < last.until) return last;
    const until = Math.min(
      windowEnd('hour', atMs, timezone),
      windowEnd('day', atMs, timezone),
      windowEnd('month', atMs, timezone),
    );
    this.#last = { timezone, from: atMs, until, keys: windowKeys(atMs, timezone) };
    return this.#last;
  }
}

/** The clock lies far behind the time that was believed: settle that first, then ask again. */
export class ClockFarBehind extends Error {}

/** The zone that names the windows, and the latest time a call was admitted at. */
export interface Mark {
  readonly timezone: string;
  readonly highAt: number;
}

export function readMark(db: Connection): Mark {
  return db.one<Mark>('SELECT timezone, high_at AS highAt FROM control WHERE id = 1')!;
}

/**
 * Notes that the clock is far behind, or believes it when that was noted an hour ago. Runs inside a
 * transaction of its own: the reserve that met it may be refused and rolled back.
 */
export function settleClock(db: Connection, now: number): void {
  const { highAt } = readMark(db);
  if (!isFarBehind(now, highAt)) return;
  const seen = db.one<{ value: string }>('SELECT value FROM meta WHERE name = ?', [BEHIND])?.value;
  const since = noted(seen, highAt);
  if (since === undefined || since > now) {
    db.run(NOTE, [BEHIND, `${highAt} ${now}`]);
    return;
  }
  if (now - since < BEHIND_FOR_MS) return;
  db.run('UPDATE control SET high_at = ? WHERE id = 1 AND high_at = ?', [now, highAt]);
  forgetBehind(db);
  appendEvent(db, now, 'clock.believed', null, { before: highAt });
}

/** The clock is not behind any more, or nobody minds. */
export function forgetBehind(db: Connection): void {
  db.run('DELETE FROM meta WHERE name = ?', [BEHIND]);
}

/** A note that was made under another mark belongs to an episode that is over. */
function noted(value: string | undefined, highAt: number): number | undefined {
  const [mark, since] = (value ?? '').split(' ').map(Number);
  return mark === highAt ? since : undefined;
}

const BEHIND = 'clock_behind';
const NOTE = `
  INSERT INTO meta (name, value) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
