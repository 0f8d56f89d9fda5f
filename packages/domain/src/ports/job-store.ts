import type { ChildOutcome } from '../capabilities.ts';
import type { Attempt, Job, JobError, JobState, ProcessRef, Progress, WaitReason } from '../job.ts';
import type { Json } from '../json.ts';

/** A request for work. */
export interface NewJob {
  /** Names this piece of work for ever; a second use of a key makes nothing. */
  readonly key: string;
  readonly agent: string;
  readonly input: Json;
  readonly priority?: number;
  readonly maxAttempts: number;
  /** Epoch ms; not runnable before. */
  readonly runAfter?: number;
  readonly slot?: number;
}

/** Who asked for a change, for the audit and the event stream. */
export interface Actor {
  readonly kind: 'person' | 'service' | 'schedule';
  readonly name: string;
}

/** The right to work on a job, as a fence: every write of an attempt carries it. */
export interface Fence {
  readonly job: string;
  readonly attempt: number;
  readonly token: string;
}

/** What becomes of a job whose attempt ended. Decided by the worker, applied by the store. */
export type Settlement =
  | { readonly kind: 'done' }
  | { readonly kind: 'cancelled'; readonly message: string }
  /** Counted: retried at `runAfter`, or dead when no attempts are left. */
  | {
      readonly kind: 'failed';
      readonly error: JobError;
      readonly outcome: 'failed' | 'crashed' | 'timeout';
      readonly runAfter: number;
    }
  /** Dead at once, whatever attempts are left. */
  | { readonly kind: 'dead'; readonly error: JobError }
  /** Given back, not counted: a halt, a drain, a gate that says wait. */
  | {
      readonly kind: 'returned';
      readonly reason: string;
      readonly runAfter?: number;
      readonly waitReason?: WaitReason;
    };

/** Jobs, attempts, steps: the truth of what is to be done. All operations are whole transactions. */
export interface JobStore {
  /** @returns the new job, or the one that used the key before with `created: false` (the job is
   * null when it was pruned since). */
  enqueue(job: NewJob, actor: Actor): Promise<{ created: boolean; job: Job | null }>;
  /**
   * Claims a queued, runnable job: counts the attempt, writes lease and attempt row.
   * @returns null when somebody else was first, the job is not runnable, its agent is paused, its
   * agent is at its concurrency, or the system is halted; also when its input is not what `enqueue`
   * accepts (a row that somebody else wrote): then it is dead, with the reason.
   */
  claim(request: {
    readonly job: string;
    readonly instance: string;
    readonly leaseUntil: number;
    readonly maxRunningOfAgent: number;
    readonly source: string | null;
  }): Promise<{ job: Job; fence: Fence } | null>;
  /** Records the child of an attempt. False when the lease is gone. */
  childStarted(fence: Fence, child: ProcessRef): Promise<boolean>;
  /** Extends the lease. False when it is gone: stop working. */
  renew(fence: Fence, leaseUntil: number): Promise<boolean>;
  /** Ends the attempt and moves the job. False when the lease is gone: nothing was changed. */
  settle(fence: Fence, settlement: Settlement): Promise<boolean>;
  /** Running jobs whose lease ran out, with their last attempt. */
  expired(): Promise<readonly { job: Job; attempt: Attempt }[]>;
  /** Running jobs of an instance, with their last attempt. */
  ofInstance(instance: string): Promise<readonly { job: Job; attempt: Attempt }[]>;
  /**
   * Takes a running job back from an attempt whose worker is gone (its lease ran out, or its
   * instance is proven dead): the attempt is `crashed`, the job queued as a suspect, or dead at the
   * third crash while alone. False when the attempt is not the running one any more. With `expired`
   * also false when the lease was renewed since it was looked at: the worker lives after all.
   */
  takeBack(fence: Fence, error: JobError, when?: 'gone' | 'expired'): Promise<boolean>;
  /** Makes jobs runnable whose `run_after` has come; ends those that waited longer than `maxWaitMs`.
   * @returns counts, and when the next one is due, epoch ms. */
  promote(
    maxWaitMs: number,
    limit: number,
  ): Promise<{ promoted: number; died: number; nextAt: number | null }>;
  stepResult(job: string, name: string): Promise<{ found: false } | { found: true; result: Json }>;
  /** False when the lease is gone. @throws NightshiftError `step-duplicate` for a stored name. */
  completeStep(fence: Fence, name: string, result: Json): Promise<boolean>;
  progress(fence: Fence, progress: Progress): Promise<boolean>;
  /** Cancels a queued job; marks a running one, whose worker ends it. */
  cancel(job: string, actor: Actor): Promise<'cancelled' | 'asked' | 'not-found' | 'finished'>;
  /** Ids of jobs of this instance that a person asked to cancel. */
  cancelAsked(instance: string): Promise<readonly string[]>;
  /**
   * `dead -> queued` with fresh attempts; history and completed steps stay. With `agent` the job is
   * that agent's from now on: for an agent that was renamed.
   */
  redrive(job: string, actor: Actor, agent?: string): Promise<'queued' | 'not-found' | 'not-dead'>;
  /** `dead -> cancelled`: out of the dead letters for good. Why it died stays on record. */
  drop(job: string, actor: Actor): Promise<'dropped' | 'not-found' | 'not-dead'>;
  get(job: string): Promise<Job | null>;
  list(filter: JobFilter): Promise<readonly Job[]>;
  attempts(job: string): Promise<readonly Attempt[]>;
  counts(): Promise<QueueCounts>;
}

export interface JobFilter {
  readonly state?: JobState;
  readonly agent?: string;
  /** Code of the last error, such as `crashed`. */
  readonly reason?: string;
  readonly limit: number;
}

export interface QueueCounts {
  /** Runnable now. */
  readonly queued: number;
  /** Queued with a `run_after` to come. */
  readonly waiting: number;
  readonly running: number;
  readonly dead: number;
}

/** Outcome of a child joined with what the gates said to it, for the worker's pure decision. */
export interface AttemptEnd {
  readonly outcome: ChildOutcome;
  readonly attempts: number;
  readonly maxAttempts: number;
}
