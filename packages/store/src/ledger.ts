import {
  HOLD_FRESH_MS,
  NightshiftError,
  RefusedError,
  type Clock,
  type Hold,
  type HoldRequest,
  type Ledger,
  type Refusal,
} from '@nightshift/domain';
import type { Connection } from './connection.ts';
import { Calendar, ClockFarBehind, settleClock } from './ledger/believed-time.ts';
import { capsVersion, checkBudgets, replaceBudgets } from './ledger/budgets.ts';
import { endHold, endOrphans } from './ledger/ending.ts';
import type { LedgerParts } from './ledger/parts.ts';
import { currentWindows, journalled, spendRows, totals } from './ledger/reading.ts';
import { acceptClock, correct, raiseToday } from './ledger/remedies.ts';
import { reserve } from './ledger/reserve.ts';
import { spendPage } from './ledger/spend-page.ts';
import { verify } from './ledger/verify.ts';

/** Orphaned holds that are ended in one transaction. */
const ORPHANS_AT_ONCE = 100;

/**
 * The money. Counters decide and rows explain: `reserve` adds a bound to the counters of every
 * window of the call in one counted statement and writes the row beside it; `end` moves the same
 * counters by the row's own windows. Both are one transaction each, so that at any instant, and
 * after any crash, a counter equals the sum over its rows (`verify`).
 *
 * A window's name is fixed when the hold is taken, in the operator's time zone; a call that ends
 * after midnight belongs to the day it was asked for (`ledger/believed-time.ts`: which day that is
 * when the clock is wrong).
 */
export function createLedger(db: Connection, clock: Clock): Ledger {
  const parts: LedgerParts = { db, clock, calendar: new Calendar() };
  return {
    reserve: async (request) => take(parts, request),
    sent: async (hold) => db.write(() => db.run(SENT, sentParams(hold, clock.now())) === 1),
    end: async (hold, ending) => {
      if (ending.actualNusd !== undefined) requireMoney(ending.actualNusd, hold);
      return db.write(() => endHold(db, hold, ending, clock.now()));
    },
    presumeOrphans: async (instance) => presumeAll(parts, instance),
    journalled: async (job, step, ordinal, requestHash) =>
      db.read(() => journalled(db, job, step, ordinal, requestHash)),
    setBudgets: async (budgets, version, timezone) => {
      checkBudgets(budgets, timezone, clock.now());
      return db.write(() => replaceBudgets(db, budgets, version, timezone, clock.now()));
    },
    capsVersion: async () => db.read(() => capsVersion(db)),
    windows: async () => db.read(() => currentWindows(db, parts.calendar, clock.now())),
    spendRows: async (filter) => db.read(() => spendRows(db, filter)),
    totals: async (by, sinceAt) => db.read(() => totals(db, by, sinceAt)),
    page: async (request) => db.read(() => spendPage(db, request)),
    correct: async (request, actor) => {
      requireMoney(request.toNusd, request.id);
      return db.write(() => correct(db, clock.now(), request, actor));
    },
    raiseToday: async (request, actor) => {
      requireMoney(request.addNusd, request.scope);
      return db.write(() => raiseToday(parts, request, actor));
    },
    acceptClock: async (actor) => db.write(() => acceptClock(db, clock.now(), actor)),
    verify: async () => db.read(() => verify(db)),
  };
}

async function take(
  parts: LedgerParts,
  request: HoldRequest,
): Promise<{ hold: Hold } | { refused: Refusal }> {
  requireMoney(request.boundNusd, request.principal.job);
  const { db, clock } = parts;
  try {
    return { hold: await db.write(() => reserve(parts, request, false)) };
  } catch (error) {
    if (error instanceof RefusedError) return { refused: error.refusal };
    if (!(error instanceof ClockFarBehind)) throw error;
  }
  await db.write(() => settleClock(db, clock.now()));
  try {
    return { hold: await db.write(() => reserve(parts, request, true)) };
  } catch (error) {
    if (error instanceof RefusedError) return { refused: error.refusal };
    throw error;
  }
}

async function presumeAll({ db, clock }: LedgerParts, instance: string | null): Promise<number> {
  let all = 0;
  for (;;) {
    const ended = await db.write(() => endOrphans(db, instance, clock.now(), ORPHANS_AT_ONCE));
    all += ended;
    if (ended < ORPHANS_AT_ONCE) return all;
  }
}

function requireMoney(nusd: number, at: string): void {
  if (Number.isSafeInteger(nusd) && nusd >= 0) return;
  throw new NightshiftError('bad-money', `${nusd} is not a whole number of nano-dollars`, { at });
}

function sentParams(hold: string, now: number): Readonly<Record<string, string | number>> {
  return { hold, now, freshMs: HOLD_FRESH_MS };
}

// The age counts both ways: when the clock was set back, nobody knows how old the checks are. The
// lease is the hold's own: `claims` is the number of the newest attempt, and grows with each claim.
const SENT = `
  UPDATE spend SET sent_at = :now
  WHERE id = :hold AND state = 'held' AND sent_at IS NULL AND abs(:now - taken_at) <= :freshMs
    AND EXISTS (SELECT 1 FROM control WHERE id = 1 AND halted = 0)
    AND EXISTS (SELECT 1 FROM jobs j
                WHERE j.id = spend.job AND j.state = 'running' AND j.claims = spend.attempt
                  AND j.instance = spend.instance AND j.lease_until >= :now)`;
