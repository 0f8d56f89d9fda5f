import { APPROVAL_FRESH_MS } from '@nightshift/domain';
import type { ActionEnd, Draft, DraftSeen, DraftStart, Fence } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { readHalt } from '../control.ts';
import { appendEvent } from '../events.ts';
import { fenced } from '../jobs/settle.ts';
import { isAsSeen } from './decide.ts';
import { findDraft } from './rows.ts';

/** The intent to act, in the caller's transaction. Whatever is not as approved ends the draft. */
export function begin(
  db: Connection,
  now: number,
  fence: Fence,
  id: string,
  seen: DraftSeen & Pick<Draft, 'targetHash'>,
): DraftStart {
  const draft = findDraft(db, id, now);
  if (fenced(db, fence) === undefined) return 'lease-lost';
  if (draft?.execution !== fence.job) return 'not-approved';
  if (draft.state === 'executing') {
    finish(db, now, id, { happened: 'unknown', result: BEGUN_BEFORE }, 'executing');
    return 'begun-before';
  }
  if (draft.state !== 'approved') return 'not-approved';
  if (readHalt(db).halted) return 'halted';
  if (now - (draft.decidedAt ?? 0) > APPROVAL_FRESH_MS) {
    expire(db, now, id);
    return 'expired';
  }
  if (!isAsSeen(draft, seen) || draft.targetHash !== seen.targetHash) {
    finish(db, now, id, { happened: 'no', result: CHANGED }, 'approved');
    return 'changed';
  }
  const begun = db.run(BEGIN, { id, now, token: fence.token, execution: fence.job });
  if (begun !== 1) throw new Error(`draft ${id} was begun twice`);
  const { action, agent, argsHash } = draft;
  appendEvent(db, now, 'draft.executing', id, { action, agent, argsHash, execution: fence.job });
  return 'begun';
}

/**
 * Ends an execution by the word of who began it, lease or not: what it saw is true. A heir may have
 * called it unknown meanwhile; that is corrected.
 */
export function end(
  db: Connection,
  now: number,
  fence: Fence,
  id: string,
  { happened, result }: ActionEnd,
): boolean {
  const state = happened === 'yes' ? 'done' : 'failed';
  const ended = db.run(END, { id, now, token: fence.token, state, happened, result });
  if (ended === 1) appendEvent(db, now, `draft.${state}`, id, { happened, result });
  return ended === 1;
}

/** Ends an approved draft that cannot be executed, by the attempt that found out. */
export function drop(db: Connection, now: number, fence: Fence, id: string, why: string): boolean {
  if (fenced(db, fence) === undefined) return false;
  if (findDraft(db, id, now)?.execution !== fence.job) return false;
  return finish(db, now, id, { happened: 'no', result: why }, 'approved');
}

/** Marks a draft as failed out of one state. */
export function finish(
  db: Connection,
  now: number,
  id: string,
  { happened, result }: ActionEnd,
  from: 'approved' | 'executing',
): boolean {
  const changed = db.run(FAIL, { id, now, happened, result, from });
  if (changed === 1) appendEvent(db, now, 'draft.failed', id, { happened, result });
  return changed === 1;
}

function expire(db: Connection, now: number, id: string): void {
  db.run(EXPIRE, { id, now });
  appendEvent(db, now, 'draft.expired', id, { was: 'approved' });
}

export const BEGUN_BEFORE = 'failed: unknown whether it happened; nobody saw the end';
const CHANGED = 'not executed: the arguments, the action or its target changed since';

const BEGIN = `
  UPDATE drafts SET state = 'executing', started_at = :now, token = :token
  WHERE id = :id AND state = 'approved' AND execution = :execution`;

const END = `
  UPDATE drafts SET state = :state, ended_at = :now, happened = :happened, result = :result
  WHERE id = :id AND token = :token
    AND (state = 'executing' OR (state = 'failed' AND happened = 'unknown'))`;

const FAIL = `
  UPDATE drafts SET state = 'failed', ended_at = :now, happened = :happened, result = :result
  WHERE id = :id AND state = :from`;

const EXPIRE = `
  UPDATE drafts SET state = 'expired', ended_at = :now WHERE id = :id AND state = 'approved'`;
