import {
  NightshiftError,
  OUTCOMES,
  type CallOutcome,
  type Ending,
  type HoldState,
  type JournalledResponse,
} from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import type { EventKind } from '../event-kinds.ts';
import { appendEvent } from '../events.ts';
import { SPENT_OF_ATTEMPT } from '../jobs/rows.ts';

/**
 * Ends a hold by the outcome table: the bound leaves `held` in every window of the row, wherever
 * the calendar stands by now, and what the call counts for enters `settled` or `presumed`.
 * Runs inside an immediate transaction.
 *
 * @returns false when the hold had ended before. A higher actual that comes then is still booked,
 * and a complete answer still journalled: both are true whoever was late.
 * @throws NightshiftError `hold-unknown`, `window-missing`.
 */
export function endHold(db: Connection, hold: string, ending: Ending, now: number): boolean {
  const result = resultOf(ending);
  const row = db.one<SpendKey>(END, {
    hold,
    now,
    state: result.state,
    outcome: result.outcome,
    actual: ending.actualNusd ?? null,
    status: ending.status ?? null,
    detail: ending.detail ?? null,
    usage: ending.usage === undefined ? null : JSON.stringify(ending.usage),
  });
  if (row === undefined) return late(db, hold, ending, now);
  const actual = ending.actualNusd ?? 0;
  const counts = counted(result.state, row.boundNusd, actual);
  book(db, row, { held: -row.boundNusd, [result.state]: counts });
  appendEvent(db, now, EVENT_OF[result.state], row.job, {
    hold,
    outcome: result.outcome,
    boundNusd: row.boundNusd,
    countsNusd: counts,
  });
  if (actual > row.boundNusd) overBound(db, hold, row, actual, now);
  if (ending.journal !== undefined) journal(db, hold, row, ending.journal, now);
  return true;
}

/**
 * Ends every hold whose attempt is over or whose instance has stopped, or, given an instance that
 * is proven dead, all holds of that one; at most `limit` in one transaction.
 *
 * A hold that was sent is presumed spent at its bound. One that was never sent is released, and
 * this is proof: `sent` is on the disk (synchronous=FULL) before the broker writes the first byte,
 * and it changes only a row that is still `held`. So no `sent_at` here means that no byte has left,
 * and that from this commit on none can. The proof holds as far as the disk keeps what it said it
 * had written, and as long as nobody sends without having been told `true`.
 *
 * @returns how many it ended; fewer than `limit` means that there are no more.
 */
export function endOrphans(
  db: Connection,
  instance: string | null,
  now: number,
  limit: number,
): number {
  const holds = db.all<{ id: string; sentAt: number | null }>(ORPHANS, { instance, limit });
  for (const { id, sentAt } of holds) {
    endHold(db, id, { outcome: sentAt === null ? 'never-left' : 'crashed' }, now);
  }
  return holds.length;
}

type Ended = Exclude<HoldState, 'held'>;

export interface SpendKey {
  readonly windows: string;
  readonly job: string;
  readonly attempt: number;
  readonly step: string;
  readonly ordinal: number;
  readonly requestHash: string;
  readonly boundNusd: number;
}

export interface EndedRow extends SpendKey {
  readonly state: Ended;
  readonly actualNusd: number | null;
}

/** By the outcome table, but never for nothing where a price was learned or should have been. */
function resultOf(ending: Ending): { state: Ended; outcome: CallOutcome } {
  const { outcome, actualNusd } = ending;
  if (outcome === 'answered' && actualNusd === undefined) {
    return { state: 'presumed', outcome: 'answered-without-usage' };
  }
  const state = OUTCOMES[outcome];
  const billed = state === 'released' && (actualNusd ?? 0) > 0;
  return { state: billed ? 'settled' : state, outcome };
}

/** What an ended call counts for in its windows, nano-dollars. */
export function counted(state: Ended, boundNusd: number, actualNusd: number): number {
  if (state === 'released') return 0;
  return state === 'settled' ? actualNusd : Math.max(boundNusd, actualNusd);
}

type Move = Partial<Record<HoldState, number>>;

/** Moves the counters of a row's own windows. An attempt that is over notes its sum again. */
export function book(db: Connection, row: SpendKey, move: Move): void {
  const moved = db.run(MOVE, {
    windows: row.windows,
    held: move.held ?? 0,
    settled: move.settled ?? 0,
    presumed: move.presumed ?? 0,
  });
  if (moved !== (JSON.parse(row.windows) as number[]).length) {
    throw new NightshiftError('window-missing', 'a budget window of an admitted call is gone', {
      at: row.job,
      fix: 'run `nightshift spend verify`',
    });
  }
  db.run(ATTEMPT, [row.job, row.attempt]);
}

/** A call as it was booked. */
export function endedRow(db: Connection, hold: string): EndedRow | undefined {
  return db.one<EndedRow>(ENDED, [hold]);
}

function late(db: Connection, hold: string, ending: Ending, now: number): false {
  const row = endedRow(db, hold);
  if (row === undefined) throw new NightshiftError('hold-unknown', 'no such hold', { at: hold });
  const actual = ending.actualNusd ?? 0;
  const more = actual - counted(row.state, row.boundNusd, row.actualNusd ?? 0);
  if (more > 0) raise(db, hold, row, actual, more, now);
  if (ending.journal !== undefined) journal(db, hold, row, ending.journal, now);
  return false;
}

/** A price learned after the end is above what the call was booked at. */
function raise(
  db: Connection,
  hold: string,
  row: EndedRow,
  actual: number,
  more: number,
  now: number,
): void {
  const state = row.state === 'released' ? 'settled' : row.state;
  db.run('UPDATE spend SET state = ?, actual_nusd = ? WHERE id = ?', [state, actual, hold]);
  book(db, row, { [state]: more });
  appendEvent(db, now, 'spend.raised', row.job, { hold, moreNusd: more, actualNusd: actual });
  if (actual > row.boundNusd) overBound(db, hold, row, actual, now);
}

function overBound(
  db: Connection,
  hold: string,
  row: SpendKey,
  actualNusd: number,
  now: number,
): void {
  const data = { hold, boundNusd: row.boundNusd, actualNusd };
  appendEvent(db, now, 'spend.over-bound', row.job, data);
}

/** The first complete answer to a request stays; another one to the same request changes nothing. */
function journal(
  db: Connection,
  hold: string,
  row: SpendKey,
  answer: JournalledResponse,
  now: number,
): void {
  const { job, step, ordinal, requestHash } = row;
  const { status } = answer;
  const headers = JSON.stringify(answer.headers);
  const body = Buffer.from(answer.body);
  const key = { job, step, ordinal, requestHash };
  db.run(JOURNAL, { ...key, status, headers, body, hold, now });
}

const EVENT_OF: Readonly<Record<Ended, EventKind>> = {
  settled: 'spend.settled',
  released: 'spend.released',
  presumed: 'spend.presumed',
};

const KEY = `windows, job, attempt, step, ordinal, request_hash AS requestHash,
  bound_nusd AS boundNusd`;

// An actual below the bound of a presumed call is a part of a price, not the price.
const END = `
  UPDATE spend
  SET state = :state, outcome = :outcome, status = :status, detail = :detail, usage = :usage,
      ended_at = :now,
      actual_nusd = CASE WHEN :state = 'presumed' AND :actual <= bound_nusd THEN NULL
                         ELSE :actual END
  WHERE id = :hold AND state = 'held'
  RETURNING ${KEY}`;

const ENDED = `SELECT ${KEY}, state, actual_nusd AS actualNusd FROM spend WHERE id = ?`;

const MOVE = `
  UPDATE budget_windows
  SET held_nusd = held_nusd + CAST(:held AS INTEGER),
      settled_nusd = settled_nusd + CAST(:settled AS INTEGER),
      presumed_nusd = presumed_nusd + CAST(:presumed AS INTEGER)
  WHERE id IN (SELECT value FROM json_each(:windows))`;

const ATTEMPT = `
  UPDATE attempts AS a SET spent_nusd = ${SPENT_OF_ATTEMPT}
  WHERE a.job = ? AND a.n = ? AND a.ended_at IS NOT NULL`;

const JOURNAL = `
  INSERT INTO calls (job, step, ordinal, request_hash, status, headers, body, spend, at)
  VALUES (:job, :step, :ordinal, :requestHash, :status, :headers, :body, :hold, :now)
  ON CONFLICT DO NOTHING`;

const ORPHANS = `
  SELECT s.id, s.sent_at AS sentAt FROM spend s
  WHERE s.state = 'held' AND CASE WHEN :instance IS NOT NULL THEN s.instance = :instance ELSE
    EXISTS (SELECT 1 FROM attempts a
            WHERE a.job = s.job AND a.n = s.attempt AND a.ended_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM instances i WHERE i.id = s.instance AND i.stopped_at IS NOT NULL) END
  LIMIT :limit`;
