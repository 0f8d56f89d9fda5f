import { DRAFTS_PENDING_MAX, NightshiftError, uuidv7 } from '@nightshift/domain';
import type { Clock, Draft, Fence, NewDraft } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import { fenced } from '../jobs/settle.ts';
import { findDraft, sameDraft } from './rows.ts';

/** Files a draft, or gives back the one that stands. Null when the lease is gone. */
export async function fileDraft(
  db: Connection,
  clock: Clock,
  fence: Fence,
  draft: NewDraft,
): Promise<Draft | null> {
  return db.write(() => {
    const job = fenced(db, fence);
    if (job === undefined) return null;
    const now = clock.now();
    const key = { job: job.id, action: draft.action, argsHash: draft.argsHash };
    const before = sameDraft(db, key, now);
    if (before !== undefined) return before;
    requireRoom(db, job.agent, now);
    const id = uuidv7(clock);
    const { agent } = job;
    db.run(INSERT, { ...draft, id, job: job.id, attempt: fence.attempt, agent, now });
    appendEvent(db, now, 'draft.filed', id, { job: job.id, agent, action: draft.action });
    return findDraft(db, id, now)!;
  });
}

/** A person has to read them all: an agent that floods the list hides what matters in it. */
function requireRoom(db: Connection, agent: string, now: number): void {
  const { waiting } = db.one<{ waiting: number }>(WAITING, [agent, now])!;
  if (waiting < DRAFTS_PENDING_MAX) return;
  const message = `${waiting} drafts of this agent wait for a person already`;
  throw new NightshiftError('drafts-too-many', message, {
    at: agent,
    fix: 'nightshift drafts list shows them',
  });
}

const WAITING = `
  SELECT count(*) AS waiting FROM drafts
  WHERE agent = ? AND state = 'pending' AND expires_at > ?`;

const INSERT = `
  INSERT INTO drafts (id, job, attempt, agent, action, args, args_hash, definition_hash, target,
                      target_hash, state, created_at, expires_at)
  VALUES (:id, :job, :attempt, :agent, :action, :args, :argsHash, :definitionHash, :target,
          :targetHash, 'pending', :now, :expiresAt)`;
