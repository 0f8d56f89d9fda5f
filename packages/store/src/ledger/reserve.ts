import { RefusedError, agentScope, uuidv7, type Hold, type HoldRequest } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import {
  ClockFarBehind,
  believedAt,
  isFarBehind,
  readMark,
  type Stretch,
} from './believed-time.ts';
import type { LedgerParts } from './parts.ts';
import { explainRefusal, windowMissing } from './explain.ts';

/**
 * Takes a hold. One counted statement decides: it adds the bound to every window of the call where
 * the bound still fits, and only while the system runs, the lease is the caller's, the agent is not
 * paused and the bound is within the cap of one call. Fewer rows than windows means no, so a row
 * that is missing refuses as well.
 *
 * Runs inside an immediate transaction, which must be rolled back when this throws.
 * @throws RefusedError with the numbers; ClockFarBehind unless `clockSettled`.
 */
export function reserve(parts: LedgerParts, request: HoldRequest, clockSettled: boolean): Hold {
  const { db, clock, calendar } = parts;
  const now = clock.now();
  const { timezone, highAt } = readMark(db);
  if (!clockSettled && isFarBehind(now, highAt)) throw new ClockFarBehind();
  const stretch = calendar.at(believedAt(now, highAt), timezone);
  const ids = windowsOf(db, request, stretch, now);
  const windows = JSON.stringify(ids);
  const { principal, boundNusd } = request;
  if (db.run(TAKE, { ...fence(request, now), windows }) !== ids.length) {
    throw new RefusedError(explainRefusal(db, request, windows, now, stretch));
  }
  // Keys are the same within a stretch, so a call in the same hour need not move the mark.
  if (highAt < stretch.from) db.run(BELIEVE, { at: stretch.from });
  const hold: Hold = { id: uuidv7(clock), takenAt: now, boundNusd };
  db.run(INSERT_HOLD, { ...row(request), windows, id: hold.id, day: stretch.keys.day, now });
  appendEvent(db, now, 'spend.held', principal.job, { hold: hold.id, boundNusd });
  return hold;
}

/** Ids of all windows this call counts in, opened where they are new. */
function windowsOf(
  db: Connection,
  { principal }: HoldRequest,
  { keys }: Stretch,
  now: number,
): number[] {
  const { job, agent } = principal;
  const found = db.all<WindowRef>(WINDOWS_OF_CALL, { ...keys, job, scope: agentScope(agent) });
  if (!found.some((w) => w.scope === 'global' && w.window === 'day')) {
    // The day always counts. Without a budget its cap is nothing.
    found.push({ scope: 'global', window: 'day', id: null });
  }
  return found.map(({ id, scope, window }) => {
    if (id !== null) return id;
    const key = window === 'job' ? job : keys[window];
    const opened = db.one<{ id: number }>(OPEN_WINDOW, { scope, window, key, now });
    if (opened === undefined) throw windowMissing(job);
    return opened.id;
  });
}

interface WindowRef {
  readonly scope: string;
  readonly window: 'job' | 'hour' | 'day' | 'month';
  readonly id: number | null;
}

function fence(request: HoldRequest, now: number): Record<string, string | number> {
  const { job, attempt, agent, instance, leaseToken } = request.principal;
  const scope = agentScope(agent);
  return { job, attempt, agent, instance, token: leaseToken, scope, now, bound: request.boundNusd };
}

function row(request: HoldRequest): Record<string, string | number> {
  const { principal, ...call } = request;
  const { job, attempt, agent, instance } = principal;
  return { ...call, job, attempt, agent, instance };
}

const BELIEVE = 'UPDATE control SET high_at = :at WHERE id = 1 AND high_at < :at';

const WINDOWS_OF_CALL = `
  SELECT b.scope, b.window, w.id
  FROM budgets b
  LEFT JOIN budget_windows w ON w.scope = b.scope AND w.window = b.window
    AND w.key = CASE b.window WHEN 'job' THEN :job WHEN 'hour' THEN :hour
                              WHEN 'day' THEN :day ELSE :month END
  WHERE b.scope IN ('global', :scope) AND b.window <> 'call'`;

// The update changes nothing: it makes RETURNING speak of a row that exists already.
const OPEN_WINDOW = `
  INSERT INTO budget_windows (scope, window, key, opened_at) VALUES (:scope, :window, :key, :now)
  ON CONFLICT (scope, window, key) DO UPDATE SET key = excluded.key
  RETURNING id`;

const TAKE = `
  UPDATE budget_windows AS w SET held_nusd = w.held_nusd + CAST(:bound AS INTEGER)
  WHERE w.id IN (SELECT value FROM json_each(:windows))
    AND w.settled_nusd + w.held_nusd + w.presumed_nusd + CAST(:bound AS INTEGER) <=
        coalesce((SELECT b.cap_nusd FROM budgets b
                  WHERE b.scope = w.scope AND b.window = w.window), 0) + w.raised_nusd
    AND EXISTS (SELECT 1 FROM control WHERE id = 1 AND halted = 0)
    AND EXISTS (SELECT 1 FROM jobs j
                WHERE j.id = :job AND j.state = 'running' AND j.lease_token = :token
                  AND j.lease_until >= :now AND j.claims = :attempt AND j.agent = :agent
                  AND j.instance = :instance)
    AND NOT EXISTS (SELECT 1 FROM agents WHERE name = :agent AND paused = 1)
    AND NOT EXISTS (SELECT 1 FROM budgets
                    WHERE window = 'call' AND scope IN ('global', :scope) AND cap_nusd < :bound)`;

const INSERT_HOLD = `
  INSERT INTO spend (id, windows, job, attempt, agent, instance, step, ordinal, endpoint, model,
                     price_version, request_hash, day, bound_nusd, state, taken_at)
  VALUES (:id, :windows, :job, :attempt, :agent, :instance, :step, :ordinal, :endpoint, :model,
          :priceVersion, :requestHash, :day, :boundNusd, 'held', :now)`;
