import { executorOf } from '@nightshift/domain';
import type { Actor, Clock, Draft, DraftDecision, DraftSeen } from '@nightshift/domain';
import { actorName, appendAudit } from '../audit.ts';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import { insertJob, validJob } from '../jobs/enqueue.ts';
import { findDraft, textHash } from './rows.ts';

/** Tries of the job: all of them before the act. Once the act was begun there is no other. */
const EXECUTION_ATTEMPTS = 3;

/** `pending -> approved`, in the caller's transaction, with the one job that may execute it. */
export function approve(
  db: Connection,
  clock: Clock,
  id: string,
  seen: DraftSeen,
  actor: Actor,
): DraftDecision {
  const now = clock.now();
  const draft = findDraft(db, id, now);
  if (draft === undefined) return { kind: 'not-found' };
  if (draft.state === 'expired') return { kind: 'expired', draft };
  if (draft.state !== 'pending') return { kind: 'too-late', draft };
  if (!isAsSeen(draft, seen)) return { kind: 'changed', draft };
  const execution = enqueueExecution(db, clock, draft, actor);
  const changed = db.run(APPROVE, { id, now, who: actorName(actor), execution });
  if (changed !== 1) throw new Error(`draft ${id} was decided twice`);
  const { action, agent, argsHash, target } = draft;
  appendEvent(db, now, 'draft.approved', id, { action, agent, execution });
  appendAudit(db, now, actor, 'draft.approve', id, { action, agent, argsHash, target });
  return { kind: 'decided', draft: findDraft(db, id, now)! };
}

/** `pending | approved -> rejected`, in the caller's transaction. */
export function reject(
  db: Connection,
  now: number,
  id: string,
  reason: string,
  actor: Actor,
): DraftDecision {
  const draft = findDraft(db, id, now);
  if (draft === undefined) return { kind: 'not-found' };
  if (draft.state === 'expired') return { kind: 'expired', draft };
  const changed = db.run(REJECT, { id, now, who: actorName(actor), reason });
  if (changed !== 1) return { kind: 'too-late', draft };
  const { action, agent, state } = draft;
  appendEvent(db, now, 'draft.rejected', id, { action, agent, reason });
  appendAudit(db, now, actor, 'draft.reject', id, { action, agent, reason, was: state });
  return { kind: 'decided', draft: findDraft(db, id, now)! };
}

/** True when the arguments are what was hashed at the time, and both hashes what was looked at. */
export function isAsSeen(draft: Draft, seen: DraftSeen): boolean {
  return (
    textHash(draft.args) === draft.argsHash &&
    draft.argsHash === seen.argsHash &&
    draft.definitionHash === seen.definitionHash
  );
}

/** A job key is used once for ever: a second wall behind the compare-and-set. */
function enqueueExecution(db: Connection, clock: Clock, draft: Draft, actor: Actor): string {
  const job = validJob({
    key: `draft:${draft.id}`,
    agent: executorOf(draft.action),
    input: { draft: draft.id },
    maxAttempts: EXECUTION_ATTEMPTS,
  });
  const { created, id } = insertJob(db, clock, job, actor);
  if (!created) throw new Error(`draft ${draft.id} had a job before`);
  return id;
}

const APPROVE = `
  UPDATE drafts SET state = 'approved', decided_by = :who, decided_at = :now, execution = :execution
  WHERE id = :id AND state = 'pending' AND expires_at > :now`;

const REJECT = `
  UPDATE drafts
  SET state = 'rejected', decided_by = :who, decided_at = :now, ended_at = :now, result = :reason
  WHERE id = :id AND state IN ('pending', 'approved')`;
