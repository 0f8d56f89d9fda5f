import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';

/**
 * Takes back what was decided under a clock that ran ahead, inside the caller's transaction. Slots
 * after `now` that were skipped have not been due yet; counts and the mark that were folded from
 * them go the same way. A slot that made a job stays decided: its job exists.
 *
 * A range that was skipped as a whole and reaches beyond `now` is reopened as a whole, so the cursor
 * returns to before it and the catch-up policy decides its past part anew.
 * @returns false when the cursor is not at `from` any more: nothing was changed.
 */
export function rewind(db: Connection, agent: string, from: number, now: number): boolean {
  const { start } = db.one<{ start: number | null }>(RANGE_START, { agent, now })!;
  const to = Math.min(now, start === null ? now : start - 1);
  if (to >= from || db.run(REWIND, { agent, from, to }) === 0) return false;
  const reopened = db.run(REOPEN, { agent, now });
  db.run(UNFOLD, { agent, day: Math.floor(to / DAY_MS) });
  db.run('UPDATE slot_marks SET folded_until = min(folded_until, ?) WHERE agent = ?', [to, agent]);
  appendEvent(db, now, 'schedule.rewound', agent, { from, to, reopened });
  return true;
}

const DAY_MS = 86_400_000;

const RANGE_START = `
  SELECT min(range_from) AS start FROM slots
  WHERE agent = :agent AND status = 'skipped' AND scheduled_for > :now AND range_from IS NOT NULL`;

const REWIND = 'UPDATE schedules SET cursor_at = :to WHERE agent = :agent AND cursor_at = :from';

const REOPEN = `
  DELETE FROM slots WHERE agent = :agent AND status = 'skipped' AND scheduled_for > :now`;

// A day that lies wholly ahead: the day of the cursor itself may hold slots of before.
const UNFOLD = `
  DELETE FROM slot_days WHERE agent = :agent AND status = 'skipped' AND day > :day`;
