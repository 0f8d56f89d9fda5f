import {
  type Actor,
  type BudgetScope,
  type Correction,
  EXIT,
  NightshiftError,
  type Nusd,
  type Raise,
  type SpendRow,
  formatUsd,
  uuidv7,
} from '@nightshift/domain';
import { actorName, appendAudit } from '../audit.ts';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import { believedAt, forgetBehind, readMark } from './believed-time.ts';
import { book, counted, endedRow } from './ending.ts';
import type { LedgerParts } from './parts.ts';

/**
 * What a person may do about money, each in the caller's transaction and with an audit row: say what
 * a call really cost, let one day cost more, accept the clock. None of them can lose a row.
 */

/**
 * Books an ended call at what a person says it cost, up or down. The bound stays as it was.
 * @throws NightshiftError `hold-unknown` (1), `hold-open` (69) while the call is in flight.
 */
export function correct(
  db: Connection,
  now: number,
  request: { readonly id: string; readonly toNusd: Nusd; readonly reason: string },
  actor: Actor,
): Correction {
  const { id, toNusd, reason } = request;
  const row = endedRow(db, id);
  if (row === undefined) throw unknownCall(id);
  if ((row.state as SpendRow['state']) === 'held') throw inFlight(id);
  const fromNusd = counted(row.state, row.boundNusd, row.actualNusd ?? 0);
  const changed = db.run(CORRECT, { id, toNusd, was: row.state });
  if (changed !== 1) throw new Error(`call ${id} was changed while it was corrected`);
  // One move: the same counter may lose the old amount and get the new one.
  const settled = toNusd - (row.state === 'settled' ? fromNusd : 0);
  book(db, row, row.state === 'presumed' ? { presumed: -fromNusd, settled } : { settled });
  appendEvent(db, now, 'spend.corrected', row.job, { hold: id, fromNusd, toNusd });
  const detail = { from: formatUsd(fromNusd), to: formatUsd(toNusd), was: row.state, reason };
  appendAudit(db, now, actor, 'spend.correct', id, detail);
  return { id, fromNusd, toNusd, boundNusd: row.boundNusd };
}

/**
 * Raises the cap of today's window of one scope. It counts from the next reserve on and ends with
 * the window. Jobs that wait for the day's cap are asked again at once.
 * @throws NightshiftError `no-cap` (1) for an agent without a cap by the day.
 */
export function raiseToday(
  { db, clock, calendar }: LedgerParts,
  request: { readonly scope: BudgetScope; readonly addNusd: Nusd; readonly reason: string },
  actor: Actor,
): Raise {
  const { scope, addNusd, reason } = request;
  const now = clock.now();
  const { timezone, highAt } = readMark(db);
  const key = calendar.at(believedAt(now, highAt), timezone).keys.day;
  const cap = db.one<{ cap: number }>(DAY_CAP, [scope])?.cap;
  if (cap === undefined && scope !== 'global') throw noCap(scope);
  const window = db.one<{ id: number; raised: number }>(RAISE, { scope, key, addNusd, now })!;
  const id = uuidv7(clock);
  const who = actorName(actor);
  db.run(INSERT_RAISE, { id, window: window.id, scope, key, addNusd, reason, who, now });
  const woken = db.run(WAKE, { now, agent: scope === 'global' ? null : scope.slice(6) });
  const capNusd = (cap ?? 0) + window.raised;
  appendEvent(db, now, 'budget.raised', id, { scope, key, addNusd, capNusd });
  appendAudit(db, now, actor, 'budget.raise', `${scope} day ${key}`, {
    by: formatUsd(addNusd),
    cap: formatUsd(capNusd),
    reason,
  });
  return { scope, key, addNusd, capNusd, woken };
}

/**
 * Takes the clock as it is now for the truth, whatever was believed before. A day that comes again
 * offers what was left of it and no more.
 */
export function acceptClock(
  db: Connection,
  now: number,
  actor: Actor,
): { readonly beforeAt: number; readonly nowAt: number } {
  const { highAt } = readMark(db);
  db.run('UPDATE control SET high_at = ? WHERE id = 1', [now]);
  forgetBehind(db);
  appendEvent(db, now, 'clock.accepted', null, { before: highAt });
  const before = new Date(highAt).toISOString();
  appendAudit(db, now, actor, 'clock.accept', null, { before, now: new Date(now).toISOString() });
  return { beforeAt: highAt, nowAt: now };
}

function unknownCall(id: string): NightshiftError {
  return new NightshiftError('hold-unknown', `there is no call ${id} in the ledger`, {
    at: id,
    fix: 'nightshift spend export lists the ids; calls that are old are kept as totals only',
    exitCode: EXIT.failed,
  });
}

function inFlight(id: string): NightshiftError {
  return new NightshiftError('hold-open', 'the call is in flight: nobody knows its cost yet', {
    at: id,
    fix: 'wait until it has ended',
    exitCode: EXIT.refused,
  });
}

function noCap(scope: BudgetScope): NightshiftError {
  return new NightshiftError('no-cap', `${scope.replace(':', ' ')} has no cap by the day`, {
    at: scope,
    fix: 'raise the global day, or set budget.perDay of the agent',
    exitCode: EXIT.failed,
  });
}

const CORRECT = `
  UPDATE spend SET state = 'settled', actual_nusd = CAST(:toNusd AS INTEGER)
  WHERE id = :id AND state = :was`;

const DAY_CAP = `SELECT cap_nusd AS cap FROM budgets WHERE scope = ? AND window = 'day'`;

const RAISE = `
  INSERT INTO budget_windows (scope, window, key, opened_at, raised_nusd)
  VALUES (:scope, 'day', :key, :now, CAST(:addNusd AS INTEGER))
  ON CONFLICT (scope, window, key) DO UPDATE SET raised_nusd = raised_nusd + excluded.raised_nusd
  RETURNING id, raised_nusd AS raised`;

const INSERT_RAISE = `
  INSERT INTO budget_raises (id, window, scope, key, add_nusd, reason, actor, at)
  VALUES (:id, :window, :scope, :key, CAST(:addNusd AS INTEGER), :reason, :who, :now)`;

// The pass that makes due jobs runnable does the rest.
const WAKE = `
  UPDATE jobs SET run_after = :now
  WHERE state = 'queued' AND wait_reason = 'cap' AND run_after > :now
    AND (:agent IS NULL OR agent = :agent)`;
