import { createHash } from 'node:crypto';
import type { Draft, DraftState, DraftsWaiting } from '@nightshift/domain';
import type { Connection, SqlValue } from '../connection.ts';

/** SHA-256 of a text, in hexadecimal: of arguments, a definition, a target. */
export function textHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const COLUMNS = `
  id, job, attempt, agent, action, args, args_hash AS argsHash,
  definition_hash AS definitionHash, target, target_hash AS targetHash,
  CASE WHEN state = 'pending' AND expires_at <= :now THEN 'expired' ELSE state END AS state,
  created_at AS createdAt, expires_at AS expiresAt, decided_by AS decidedBy,
  decided_at AS decidedAt, execution, started_at AS startedAt, ended_at AS endedAt, happened,
  result`;

/** One draft as it stands at `now`. */
export function findDraft(db: Connection, id: string, now: number): Draft | undefined {
  return db.one<Draft>(`SELECT ${COLUMNS} FROM drafts WHERE id = :id`, { id, now });
}

/** The draft of this job with this action and these arguments. */
export function sameDraft(
  db: Connection,
  key: { readonly job: string; readonly action: string; readonly argsHash: string },
  now: number,
): Draft | undefined {
  return db.one<Draft>(
    `SELECT ${COLUMNS} FROM drafts
     WHERE job = :job AND action = :action AND args_hash = :argsHash`,
    { job: key.job, action: key.action, argsHash: key.argsHash, now },
  );
}

/** Newest first. */
export function listDrafts(
  db: Connection,
  filter: { readonly state?: DraftState; readonly agent?: string; readonly limit: number },
  now: number,
): readonly Draft[] {
  const { state, agent, limit } = filter;
  const conditions: string[] = [];
  const params: Record<string, SqlValue> = { now, limit };
  if (state !== undefined) {
    conditions.push('state = :state');
    params['state'] = state;
  }
  if (agent !== undefined) {
    conditions.push('agent = :agent');
    params['agent'] = agent;
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const rows = `SELECT * FROM (SELECT ${COLUMNS} FROM drafts) ${where}`;
  return db.all<Draft>(`${rows} ORDER BY createdAt DESC, id DESC LIMIT :limit`, params);
}

/** Drafts that wait for a person at `now`. */
export function waitingDrafts(db: Connection, now: number): DraftsWaiting {
  return db.one<DraftsWaiting>(WAITING, [now])!;
}

// The first condition is verbatim that of a partial index.
const WAITING = `
  SELECT count(*) AS waiting, min(created_at) AS oldestAt FROM drafts
  WHERE state IN ('pending', 'approved', 'executing') AND state = 'pending' AND expires_at > ?`;
