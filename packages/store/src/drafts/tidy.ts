import { APPROVAL_FRESH_MS } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import { BEGUN_BEFORE, finish } from './execute.ts';

/** Rows changed in one transaction at most. */
const AT_ONCE = 100;

/**
 * What time does to drafts, in the caller's transaction: a draft nobody decided on expires, so does
 * an approval nobody acted on, and an execution whose job is over without having told its end is
 * `failed`, unknown whether it happened.
 */
export function tidy(db: Connection, now: number): number {
  const stale = db.all<{ id: string; state: string }>(STALE, {
    now,
    approvedBefore: now - APPROVAL_FRESH_MS,
    limit: AT_ONCE,
  });
  for (const { id, state } of stale) {
    db.run(EXPIRE, [now, id, state]);
    appendEvent(db, now, 'draft.expired', id, { was: state });
  }
  const lost = db.all<{ id: string }>(LOST, [AT_ONCE]);
  for (const { id } of lost) {
    finish(db, now, id, { happened: 'unknown', result: BEGUN_BEFORE }, 'executing');
  }
  return stale.length + lost.length;
}

// Those that are not over, verbatim as a partial index knows them.
const OPEN = `state IN ('pending', 'approved', 'executing')`;

const STALE = `
  SELECT id, state FROM drafts
  WHERE ${OPEN} AND ((state = 'pending' AND expires_at <= :now)
     OR (state = 'approved' AND decided_at < :approvedBefore))
  LIMIT :limit`;

const EXPIRE = `UPDATE drafts SET state = 'expired', ended_at = ? WHERE id = ? AND state = ?`;

const LOST = `
  SELECT d.id FROM drafts d LEFT JOIN jobs j ON j.id = d.execution
  WHERE d.${OPEN} AND d.state = 'executing' AND (j.state IS NULL OR j.state NOT IN ('queued', 'running'))
  LIMIT ?`;
