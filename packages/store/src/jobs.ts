import type { Clock, JobStore } from '@nightshift/domain';
import type { Connection } from './connection.ts';
import * as writes from './jobs/attempt-writes.ts';
import { claim } from './jobs/claim.ts';
import { enqueue } from './jobs/enqueue.ts';
import { cancel, drop, redrive } from './jobs/orders.ts';
import { promote } from './jobs/promote.ts';
import { attemptsOf, countJobs, listJobs, runningJobs } from './jobs/queries.ts';
import { findJob, toJob } from './jobs/rows.ts';
import { settle, takeBack } from './jobs/settle.ts';

/**
 * Jobs, attempts and steps. Every change is one transaction with its event; every write of an
 * attempt tests the fence: job running, token, and number of the claim.
 */
export function createJobStore(db: Connection, clock: Clock): JobStore {
  return {
    enqueue: async (job, actor) => {
      const { created, row } = await enqueue(db, clock, job, actor);
      return { created, job: row === undefined ? null : toJob(row) };
    },
    claim: async (request) => {
      const won = await claim(db, clock, request);
      return won === null ? null : { job: toJob(won.row), fence: won.fence };
    },
    childStarted: (fence, child) => writes.childStarted(db, clock, fence, child),
    renew: (fence, leaseUntil) => writes.renew(db, fence, leaseUntil),
    settle: (fence, settlement) => settle(db, clock, fence, settlement),
    expired: () => expired(db, clock.now()),
    ofInstance: (instance) => db.read(() => runningJobs(db, 'instance = ?', instance)),
    takeBack: (fence, error, when = 'gone') => takeBack(db, clock, fence, error, when),
    promote: (maxWaitMs, limit) => promote(db, clock, maxWaitMs, limit),
    stepResult: (job, name) => writes.stepResult(db, job, name),
    completeStep: (fence, name, result) => writes.completeStep(db, clock, fence, name, result),
    progress: (fence, progress) => writes.progress(db, fence, progress),
    cancel: (job, actor) => cancel(db, clock, job, actor),
    cancelAsked: (instance) => db.look(() => cancelAsked(db, instance)),
    redrive: (job, actor, agent) => redrive(db, clock, job, actor, agent),
    drop: (job, actor) => drop(db, clock, job, actor),
    get: (job) =>
      db.look(() => {
        const row = findJob(db, job);
        return row === undefined ? null : toJob(row);
      }),
    list: (filter) => db.read(() => listJobs(db, filter)),
    attempts: (job) => db.read(() => attemptsOf(db, job)),
    counts: () => db.read(() => countJobs(db)),
  };
}

/** The first look takes no snapshot: nearly always there is none. */
async function expired(db: Connection, now: number): ReturnType<JobStore['expired']> {
  const sql = `SELECT 1 FROM jobs WHERE state = 'running' AND lease_until <= ? LIMIT 1`;
  if ((await db.look(() => db.one(sql, [now]))) === undefined) return [];
  return db.read(() => runningJobs(db, 'lease_until <= ?', now));
}

function cancelAsked(db: Connection, instance: string): readonly string[] {
  const sql = `SELECT id FROM jobs WHERE state = 'running' AND instance = ? AND cancel_asked = 1`;
  return db.all<{ id: string }>(sql, [instance]).map((it) => it.id);
}
