import type { Actor, Clock, JobState } from '@nightshift/domain';
import { appendAudit } from '../audit.ts';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import { requireName } from './enqueue.ts';

/** Cancels a queued job; marks a running one, whose worker ends it. */
export async function cancel(
  db: Connection,
  clock: Clock,
  id: string,
  actor: Actor,
): Promise<'cancelled' | 'asked' | 'not-found' | 'finished'> {
  return db.write(() => {
    const state = stateOf(db, id);
    if (state === undefined) return 'not-found';
    if (state !== 'queued' && state !== 'running') return 'finished';
    const now = clock.now();
    const queued = state === 'queued';
    if (queued) db.run(CANCEL_QUEUED, { id, now, error: CANCELLED });
    else db.run('UPDATE jobs SET cancel_asked = 1 WHERE id = ?', [id]);
    appendEvent(db, now, queued ? 'job.cancelled' : 'job.cancel-asked', id);
    appendAudit(db, now, actor, 'job.cancel', id, { state });
    return queued ? 'cancelled' : 'asked';
  });
}

/** `dead -> queued` with fresh attempts. `claims` goes on, so attempt numbers are never reused. */
export async function redrive(
  db: Connection,
  clock: Clock,
  id: string,
  actor: Actor,
  agent?: string,
): Promise<'queued' | 'not-found' | 'not-dead'> {
  if (agent !== undefined) requireName('agent', agent);
  return db.write(() => {
    const state = stateOf(db, id);
    if (state === undefined) return 'not-found';
    const now = clock.now();
    if (db.run(REDRIVE, { id, now, agent: agent ?? null }) === 0) return 'not-dead';
    const detail = agent === undefined ? {} : { agent };
    appendEvent(db, now, 'job.redriven', id, detail);
    appendAudit(db, now, actor, 'job.redrive', id, detail);
    return 'queued';
  });
}

/** `dead -> cancelled`, by a person. The row keeps what it died of until it is pruned. */
export async function drop(
  db: Connection,
  clock: Clock,
  id: string,
  actor: Actor,
): Promise<'dropped' | 'not-found' | 'not-dead'> {
  return db.write(() => {
    const state = stateOf(db, id);
    if (state === undefined) return 'not-found';
    const now = clock.now();
    if (db.run(DROP, { id, now }) === 0) return 'not-dead';
    appendEvent(db, now, 'job.dropped', id);
    appendAudit(db, now, actor, 'job.drop', id);
    return 'dropped';
  });
}

function stateOf(db: Connection, id: string): JobState | undefined {
  return db.one<{ state: JobState }>('SELECT state FROM jobs WHERE id = ?', [id])?.state;
}

const CANCELLED = JSON.stringify({ code: 'cancelled', message: 'cancelled by a person' });

const CANCEL_QUEUED = `
  UPDATE jobs
  SET state = 'cancelled', ready = 0, ready_at = NULL, wait_reason = NULL, wait_since = NULL,
      suspect = 0, finished_at = :now, last_error = :error
  WHERE id = :id AND state = 'queued'`;

const REDRIVE = `
  UPDATE jobs
  SET state = 'queued', ready = 1, ready_at = :now, run_after = :now, wait_reason = NULL,
      wait_since = NULL, attempts = 0, crashes = 0, suspect = 0, cancel_asked = 0,
      finished_at = NULL, agent = coalesce(:agent, agent)
  WHERE id = :id AND state = 'dead'`;

const DROP = `
  UPDATE jobs SET state = 'cancelled', finished_at = :now WHERE id = :id AND state = 'dead'`;
