import { JOB_INPUT_MAX_BYTES, JOB_KEY_MAX_BYTES, SLOT_KEY_PREFIX } from '@nightshift/domain';
import { NightshiftError } from '@nightshift/domain';
import { uuidv7, type Actor, type Clock, type Json, type NewJob } from '@nightshift/domain';
import { actorName } from '../audit.ts';
import { announceCommit } from '../announce.ts';
import type { Connection } from '../connection.ts';
import { appendEvent } from '../events.ts';
import { findJob, type JobRow } from './rows.ts';

/** A job whose fields were checked and whose input is text. */
export interface ValidJob extends Omit<NewJob, 'input'> {
  readonly input: string;
}

/**
 * Checks what a caller may get wrong, before any transaction.
 * @throws NightshiftError `job-key-invalid`, `job-agent-invalid`, `job-input-invalid`,
 * `job-input-too-large`, `job-attempts-invalid`, `job-time-invalid`.
 */
export function validJob(job: NewJob): ValidJob {
  requireName('key', job.key);
  requireName('agent', job.agent);
  if (!Number.isSafeInteger(job.maxAttempts) || job.maxAttempts < 1) {
    throw invalid('attempts', job.key, `a job needs at least one attempt, not ${job.maxAttempts}`);
  }
  for (const whole of [job.runAfter, job.slot, job.priority]) {
    if (whole === undefined || Number.isSafeInteger(whole)) continue;
    throw invalid('time', job.key, `times and priority are whole numbers, not ${whole}`);
  }
  return { ...job, input: inputText(job) };
}

/**
 * Inserts a job inside the caller's transaction, unless its key was ever used.
 * @returns the id, and whether it is new.
 */
export function insertJob(
  db: Connection,
  clock: Clock,
  job: ValidJob,
  actor: Actor,
): { created: boolean; id: string } {
  const now = clock.now();
  const id = uuidv7(clock);
  const used = db.run(
    'INSERT INTO job_keys (key, job, used_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    [job.key, id, now],
  );
  if (used === 0) return { created: false, id: jobOfKey(db, job.key) };
  const ready = (job.runAfter ?? now) <= now;
  db.run(INSERT_JOB, {
    id,
    key: job.key,
    agent: job.agent,
    input: job.input,
    priority: job.priority ?? 0,
    ready: ready ? 1 : 0,
    readyAt: ready ? now : null,
    maxAttempts: job.maxAttempts,
    runAfter: job.runAfter ?? now,
    waitReason: ready ? null : 'delay',
    slot: job.slot ?? null,
    now,
  });
  const { agent, key } = job;
  appendEvent(db, now, 'job.enqueued', id, { agent, key, by: actorName(actor) });
  return { created: true, id };
}

/** Enqueues in a transaction of its own. */
export async function enqueue(
  db: Connection,
  clock: Clock,
  job: NewJob,
  actor: Actor,
): Promise<{ created: boolean; row: JobRow | undefined }> {
  const valid = validJob(job);
  if (job.key.startsWith(SLOT_KEY_PREFIX)) {
    throw invalid('key', job.key, `keys that begin with ${SLOT_KEY_PREFIX} belong to schedules`);
  }
  const enqueued = await db.write(() => {
    const { created, id } = insertJob(db, clock, valid, actor);
    return { created, row: findJob(db, id) };
  });
  announceCommit(db, clock);
  return enqueued;
}

function jobOfKey(db: Connection, key: string): string {
  return db.one<{ job: string }>('SELECT job FROM job_keys WHERE key = ?', [key])!.job;
}

/**
 * Names end up in paths, tables and messages: whole Unicode, no control characters, bounded.
 * @throws NightshiftError `job-key-invalid`, `job-agent-invalid`.
 */
export function requireName(field: 'key' | 'agent', name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > JOB_KEY_MAX_BYTES) {
    throw invalid(
      field,
      name,
      `${field} has ${bytes} bytes; 1 to ${JOB_KEY_MAX_BYTES} are allowed`,
    );
  }
  if (!name.isWellFormed() || /\p{Cc}/u.test(name)) {
    throw invalid(field, name, `${field} holds control characters or half a character`);
  }
}

function inputText(job: NewJob): string {
  const text = jsonText(job.input);
  if (text === undefined) throw invalid('input', job.key, 'the input is not JSON');
  const bytes = Buffer.byteLength(text);
  if (bytes <= JOB_INPUT_MAX_BYTES) return text;
  const message = `the input has ${bytes} bytes; ${JOB_INPUT_MAX_BYTES} are allowed`;
  throw new NightshiftError('job-input-too-large', message, {
    at: job.key,
    fix: 'pass a reference to the data, such as a path or a URL',
  });
}

function jsonText(value: Json): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function invalid(field: string, at: string, message: string): NightshiftError {
  return new NightshiftError(`job-${field}-invalid`, message, { at: at.slice(0, 80) });
}

const INSERT_JOB = `
  INSERT INTO jobs (id, key, agent, input, priority, state, ready, ready_at, max_attempts,
                    run_after, wait_reason, slot, created_at)
  VALUES (:id, :key, :agent, :input, :priority, 'queued', :ready, :readyAt, :maxAttempts,
          :runAfter, :waitReason, :slot, :now)`;
