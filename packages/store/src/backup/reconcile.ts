import { existsSync } from 'node:fs';
import type { Actor, Budget, SlotDecision } from '@nightshift/domain';
import { appendAudit } from '../audit.ts';
import { Connection } from '../connection.ts';
import { NIGHTSHIFT_DB } from '../database.ts';
import { appendEvent } from '../events.ts';
import { endOrphans } from '../ledger/ending.ts';
import { readMark } from '../ledger/believed-time.ts';
import { SPENT_OF_ATTEMPT } from '../jobs/rows.ts';
import type { Store } from '../open.ts';
import { connectionOf } from '../store-connection.ts';
import { type Charge, type KnownWindow, unknownSpend } from './unknown-spend.ts';

/** What is known about the time between a backup and now. */
export interface Reconcile {
  /** When the backup was made, epoch ms. */
  readonly madeAt: number;
  /** Caps that held since, beside those in the backup; the higher of two counts. */
  readonly budgets: readonly Budget[];
  /** Slots that came due since, as one range an agent. */
  readonly slots: readonly RestoredSlots[];
  /** The database that is replaced, when there is one: its keys were used. */
  readonly replaced: string | null;
  readonly actor: Actor;
}

export interface RestoredSlots {
  readonly agent: string;
  readonly range: Extract<SlotDecision, { kind: 'skip-range' }> | null;
}

/** What was changed so that the past is not done again. */
export interface Reconciled {
  /** Unfinished jobs that became dead letters. */
  readonly jobs: number;
  readonly drafts: number;
  readonly slots: number;
  readonly keys: number;
  readonly charges: readonly Charge[];
}

/** Why a job of a backup is a dead letter; its code is contract. */
const RESTORED = {
  code: 'restored',
  message: 'unfinished when the backup was made; it may have been done since',
} as const;

/** Most holds one pass ends. */
const HOLDS_AT_ONCE = 500;

/**
 * Makes a restored database one that may go on, in one transaction. A backup has forgotten what
 * happened after it, so everything it could begin again counts as done or spent:
 *
 * - jobs that were unfinished are dead letters, which a person may redrive; their holds end;
 * - slots up to now are skipped, with the reason `restored`, and cursors stand at now;
 * - the windows of the present are charged with the most they can have admitted since;
 * - drafts are decided: expired, or failed with nobody knowing whether it happened;
 * - keys that the replaced database had used stay used, and a halt there stays a halt.
 */
export async function reconcileRestored(store: Store, request: Reconcile): Promise<Reconciled> {
  const { db, clock } = connectionOf(store);
  const old = readReplaced(request.replaced);
  return db.write(() => {
    const now = clock.now();
    const jobs = endJobs(db, now);
    stopInstances(db, now);
    while (endOrphans(db, null, now, HOLDS_AT_ONCE) === HOLDS_AT_ONCE);
    const result: Reconciled = {
      jobs,
      drafts: endDrafts(db, now),
      slots: request.slots.reduce((sum, it) => sum + skip(db, it, now), 0),
      keys: useKeys(db, old.keys),
      charges: charge(db, request, now),
    };
    if (old.halted) haltAgain(db, now);
    db.run('UPDATE control SET high_at = max(high_at, ?) WHERE id = 1', [now]);
    const detail = { ...result, madeAt: request.madeAt, charges: result.charges.length };
    appendEvent(db, now, 'state.restored', null, detail);
    appendAudit(db, now, request.actor, 'restore', null, detail);
    return result;
  });
}

function endJobs(db: Connection, now: number): number {
  const error = JSON.stringify(RESTORED);
  db.run(END_ATTEMPTS, { now, error });
  const ended = db.all<{ id: string; agent: string }>(END_JOBS, { now, error });
  for (const { id, agent } of ended) {
    appendEvent(db, now, 'job.dead', id, { agent, code: RESTORED.code });
  }
  return ended.length;
}

function stopInstances(db: Connection, now: number): void {
  db.run(`UPDATE instances SET stopped_at = ?, phase = 'stopped' WHERE stopped_at IS NULL`, [now]);
}

function endDrafts(db: Connection, now: number): number {
  const expired = db.run(
    `UPDATE drafts SET state = 'expired', ended_at = ? WHERE state = 'pending'`,
    [now],
  );
  const failed = db.run(
    `UPDATE drafts SET state = 'failed', happened = 'unknown', ended_at = ?, result = ?
     WHERE state IN ('approved', 'executing')`,
    [now, RESTORED.message],
  );
  return expired + failed;
}

function skip(db: Connection, { agent, range }: RestoredSlots, now: number): number {
  db.run('UPDATE schedules SET cursor_at = max(cursor_at, ?) WHERE agent = ?', [now, agent]);
  if (range === null) return 0;
  const { from, at, count, reason } = range;
  const made = db.run(SKIP, { agent, from, at, count, reason, now });
  if (made === 0) return 0;
  appendEvent(db, now, 'slot.skipped', agent, { scheduledFor: at, job: null, reason, count });
  return count;
}

interface UsedKey {
  readonly key: string;
  readonly job: string;
  readonly usedAt: number;
}

interface Replaced {
  readonly keys: readonly UsedKey[];
  readonly halted: boolean;
}

/** Whatever can still be read of the database that is replaced. It is often why one restores. */
function readReplaced(file: string | null): Replaced {
  if (file === null || !existsSync(file)) return { keys: [], halted: false };
  let db: Connection | null = null;
  try {
    db = new Connection({ file, readonly: true });
    if (db.pragma('application_id') !== NIGHTSHIFT_DB.applicationId) throw new Error('not ours');
    const keys = db.all<UsedKey>('SELECT key, job, used_at AS usedAt FROM job_keys');
    const halt = db.one<{ halted: number }>('SELECT halted FROM control WHERE id = 1');
    return { keys, halted: halt?.halted === 1 };
  } catch {
    return { keys: [], halted: false };
  } finally {
    db?.close();
  }
}

function useKeys(db: Connection, keys: readonly UsedKey[]): number {
  const insert = 'INSERT INTO job_keys (key, job, used_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
  return keys.reduce((sum, it) => sum + db.run(insert, [it.key, it.job, it.usedAt]), 0);
}

function haltAgain(db: Connection, now: number): void {
  const reason = 'it was halted when the backup was restored';
  db.run(HALT, { reason, now });
}

function charge(db: Connection, request: Reconcile, now: number): readonly Charge[] {
  const { timezone } = readMark(db);
  const caps = higher([...db.all<Budget>(CAPS), ...request.budgets]);
  const known = db.all<KnownWindow>(KNOWN);
  const charges = unknownSpend({ from: request.madeAt, to: now, timezone, caps, known });
  for (const it of charges) {
    db.run(CHARGE, { ...it, now });
    // What no row of a day explains is in the totals of that day.
    if (it.scope === 'global' && it.window === 'day') db.run(TOTAL, { ...it, now });
  }
  return charges;
}

/** One cap a window: the highest, because under it the most can have been admitted. */
function higher(budgets: readonly Budget[]): readonly Budget[] {
  const caps = new Map<string, Budget>();
  for (const it of budgets) {
    const name = `${it.scope} ${it.window}`;
    if ((caps.get(name)?.capNusd ?? -1) < it.capNusd) caps.set(name, it);
  }
  return [...caps.values()];
}

const END_ATTEMPTS = `
  UPDATE attempts AS a
  SET ended_at = :now, outcome = 'crashed', error = :error, spent_nusd = ${SPENT_OF_ATTEMPT}
  WHERE a.ended_at IS NULL`;

const END_JOBS = `
  UPDATE jobs
  SET state = 'dead', ready = 0, ready_at = NULL, lease_token = NULL, lease_until = NULL,
      instance = NULL, wait_reason = NULL, wait_since = NULL, last_error = :error,
      finished_at = :now
  WHERE state IN ('queued', 'running')
  RETURNING id, agent`;

// A slot that was decided stays decided.
const SKIP = `
  INSERT INTO slots (agent, scheduled_for, status, reason, count, range_from, job, decided_at)
  VALUES (:agent, :at, 'skipped', :reason, :count, :from, NULL, :now)
  ON CONFLICT DO NOTHING`;

const HALT = `
  UPDATE control SET halted = 1, reason = :reason, who = 'person:restore', at = :now
  WHERE id = 1 AND halted = 0`;

const CAPS = 'SELECT scope, window, cap_nusd AS capNusd FROM budgets';

const KNOWN = `
  SELECT scope, window, key, settled_nusd + held_nusd + presumed_nusd AS spentNusd,
         raised_nusd AS raisedNusd
  FROM budget_windows WHERE window <> 'job'`;

const CHARGE = `
  INSERT INTO budget_windows (scope, window, key, opened_at, presumed_nusd, folded_presumed_nusd)
  VALUES (:scope, :window, :key, :now, CAST(:nusd AS INTEGER), CAST(:nusd AS INTEGER))
  ON CONFLICT (scope, window, key) DO UPDATE
  SET presumed_nusd = presumed_nusd + excluded.presumed_nusd,
      folded_presumed_nusd = folded_presumed_nusd + excluded.folded_presumed_nusd`;

const TOTAL = `
  INSERT INTO spend_days (day, agent, model, calls, settled_nusd, presumed_nusd, last_at)
  VALUES (:key, '(forgotten)', '(restored)', 1, 0, CAST(:nusd AS INTEGER), :now)
  ON CONFLICT (day, agent, model) DO UPDATE
  SET presumed_nusd = presumed_nusd + excluded.presumed_nusd, last_at = excluded.last_at`;
