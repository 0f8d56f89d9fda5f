import { NightshiftError, STEP_RESULT_MAX_BYTES } from '@nightshift/domain';
import type { Clock, Fence, Json, ProcessRef, Progress } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import { fenced } from './settle.ts';

/** Bytes of a step's name. */
const STEP_NAME_MAX_BYTES = 200;

/** Records the child of an attempt. False when the lease is gone. */
export async function childStarted(
  db: Connection,
  clock: Clock,
  fence: Fence,
  child: ProcessRef,
): Promise<boolean> {
  return db.write(() => {
    if (fenced(db, fence) === undefined) return false;
    db.run(
      `UPDATE attempts SET child_pid = :pid, child_start_ticks = :startTicks,
         child_boot_id = :bootId, child_pid_namespace = :pidNamespace
       WHERE job = :job AND n = :n`,
      {
        pid: child.pid,
        startTicks: child.startTicks,
        bootId: child.bootId,
        pidNamespace: child.pidNamespace,
        job: fence.job,
        n: fence.attempt,
      },
    );
    const { attempt } = fence;
    appendEvent(db, clock.now(), 'job.started', fence.job, { attempt, pid: child.pid });
    return true;
  });
}

/**
 * Extends the lease. One that ran out is extended too, as long as nobody took the job back: the
 * token is the fence, the time only says when others may act.
 */
export async function renew(db: Connection, fence: Fence, until: number): Promise<boolean> {
  return db.write(
    () => db.run(`UPDATE jobs SET lease_until = :it ${FENCED}`, at(fence, until)) === 1,
  );
}

export async function progress(db: Connection, fence: Fence, note: Progress): Promise<boolean> {
  const text = JSON.stringify({ done: note.done, total: note.total, note: note.note });
  return db.write(() => db.run(`UPDATE jobs SET progress = :it ${FENCED}`, at(fence, text)) === 1);
}

/**
 * Stores a completed step. False when the lease is gone.
 * @throws NightshiftError `step-duplicate`, `step-name-invalid`, `step-result-invalid`,
 * `step-result-too-large`.
 */
export async function completeStep(
  db: Connection,
  clock: Clock,
  fence: Fence,
  name: string,
  result: Json,
): Promise<boolean> {
  const text = stepText(name, result);
  return db.write(() => {
    if (fenced(db, fence) === undefined) return false;
    const now = clock.now();
    const stored = db.run(
      `INSERT INTO steps (job, name, result, completed_at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      [fence.job, name, text, now],
    );
    if (stored === 0) throw stepError('step-duplicate', name, 'a step of this name is complete');
    appendEvent(db, now, 'step.completed', fence.job, { attempt: fence.attempt, name });
    return true;
  });
}

/** The stored result of a step. */
export async function stepResult(
  db: Connection,
  job: string,
  name: string,
): Promise<{ found: false } | { found: true; result: Json }> {
  return db.read(() => {
    const sql = 'SELECT result FROM steps WHERE job = ? AND name = ?';
    const row = db.one<{ result: string }>(sql, [job, name]);
    if (row === undefined) return { found: false };
    return { found: true, result: JSON.parse(row.result) as Json };
  });
}

function stepText(name: string, result: Json): string {
  const nameBytes = Buffer.byteLength(name);
  if (nameBytes < 1 || nameBytes > STEP_NAME_MAX_BYTES) {
    const message = `a step's name has 1 to ${STEP_NAME_MAX_BYTES} bytes, not ${nameBytes}`;
    throw stepError('step-name-invalid', name, message);
  }
  const text = JSON.stringify(result) as string | undefined;
  if (text === undefined) throw stepError('step-result-invalid', name, 'the result is not JSON');
  const bytes = Buffer.byteLength(text);
  if (bytes <= STEP_RESULT_MAX_BYTES) return text;
  const message = `the result has ${bytes} bytes; ${STEP_RESULT_MAX_BYTES} are allowed`;
  throw stepError('step-result-too-large', name, message);
}

function stepError(code: string, name: string, message: string): NightshiftError {
  return new NightshiftError(code, message, { at: name.slice(0, 80) });
}

function at(fence: Fence, it: string | number): Record<string, string | number> {
  return { it, job: fence.job, token: fence.token, attempt: fence.attempt };
}

const FENCED = `WHERE id = :job AND state = 'running' AND lease_token = :token AND claims = :attempt`;
