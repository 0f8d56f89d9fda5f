import type { Json } from './json.ts';

/** Where a job is in its life. `done`, `dead` and `cancelled` are final, unless redriven. */
export type JobState = 'queued' | 'running' | 'done' | 'dead' | 'cancelled';

/** Why a queued job is not runnable yet. */
export type WaitReason = 'backoff' | 'delay' | 'cap' | 'breaker' | 'rate';

/**
 * Legal transitions. `queued -> dead` is a job that waited longer than it may, or whose agent is
 * gone; `dead -> queued` is a redrive by a person, `dead -> cancelled` the same person's word that
 * nothing more shall come of it.
 */
export const JOB_TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['running', 'dead', 'cancelled'],
  running: ['done', 'queued', 'dead', 'cancelled'],
  done: [],
  dead: ['queued', 'cancelled'],
  cancelled: [],
};

/** True where {@link JOB_TRANSITIONS} allows `from -> to`. */
export function mayBecome(from: JobState, to: JobState): boolean {
  return JOB_TRANSITIONS[from].includes(to);
}

/** A key names one piece of work for ever: 1 to 200 bytes of UTF-8. */
export const JOB_KEY_MAX_BYTES = 200;
/**
 * Keys of jobs that a schedule made. Nobody else may use them: that a slot was decided is known by
 * the slot, also when its job and its key have been pruned.
 */
export const SLOT_KEY_PREFIX = 'slot:';

/** One name for a slot's job, for ever: a second scheduler or a clock set back makes no second. */
export function slotKey(agent: string, at: number): string {
  return `${SLOT_KEY_PREFIX}${agent}:${new Date(at).toISOString()}`;
}

/** Input of a job as JSON text, in bytes. */
export const JOB_INPUT_MAX_BYTES = 1_048_576;
/** Result of one step as JSON text, in bytes. */
export const STEP_RESULT_MAX_BYTES = 4_194_304;

/** A job as the store returns it. Times are epoch milliseconds. */
export interface Job {
  readonly id: string;
  readonly key: string;
  readonly agent: string;
  readonly input: Json;
  readonly priority: number;
  readonly state: JobState;
  /** Attempts that were counted; one ended by a halt, a drain or a gate is given back. */
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly runAfter: number;
  readonly waitReason: WaitReason | null;
  /** When it first began to wait on a gate; a job that waits longer than `maxWait` is dead. */
  readonly waitSince: number | null;
  readonly lease: Lease | null;
  /** The slot it was made for, epoch ms; null when a person enqueued it. */
  readonly slot: number | null;
  readonly lastError: JobError | null;
  readonly progress: Progress | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly report: string | null;
}

/** The right to work on a job, until a moment, for the holder of the token. */
export interface Lease {
  readonly token: string;
  readonly until: number;
  readonly instance: string;
}

/** Why an attempt failed or a job is dead: a stable code and a sentence. */
export interface JobError {
  readonly code: string;
  readonly message: string;
}

/** How far an agent says it is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

/** How one attempt ended. `returned` gave the attempt back: it does not count. */
export type AttemptOutcome = 'done' | 'failed' | 'crashed' | 'timeout' | 'returned' | 'cancelled';

/** One try at a job. */
export interface Attempt {
  readonly job: string;
  readonly n: number;
  readonly instance: string;
  readonly child: ProcessRef | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly outcome: AttemptOutcome | null;
  readonly error: JobError | null;
  readonly spentNusd: number;
  /** SHA-256 of the agent's entry file at the time. */
  readonly source: string | null;
}

/**
 * A process by proof, not by number: a pid is reused, so the start time in clock ticks since boot,
 * the boot and the pid namespace belong to its name (proc(5), field 22 of /proc/PID/stat).
 */
export interface ProcessRef {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
  readonly pidNamespace: string;
}
