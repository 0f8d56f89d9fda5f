/**
 * A draft is something an agent would like to happen and may not do: an action with exactly these
 * arguments. A person approves or rejects it. What was approved is executed at most once: an
 * execution that was begun and whose end nobody saw is `failed` with `happened: 'unknown'`, and is
 * never tried again by itself.
 */
export type DraftState =
  | 'pending'
  | 'approved'
  | 'executing'
  | 'done'
  | 'failed'
  | 'rejected'
  | 'expired';

/** Legal transitions. An approval is good for {@link APPROVAL_FRESH_MS}. */
export const DRAFT_TRANSITIONS: Readonly<Record<DraftState, readonly DraftState[]>> = {
  pending: ['approved', 'rejected', 'expired'],
  approved: ['executing', 'failed', 'rejected', 'expired'],
  executing: ['done', 'failed'],
  done: [],
  failed: [],
  rejected: [],
  expired: [],
};

/** Arguments of a draft as canonical JSON, bytes. */
export const DRAFT_ARGS_MAX_BYTES = 65_536;
/** Drafts of one agent that may wait for a person at the same time. */
export const DRAFTS_PENDING_MAX = 100;
/** An approval that was not acted on within this time (a halt, no worker) has to be given again. */
export const APPROVAL_FRESH_MS = 24 * 3_600_000;

/** Did the action take effect? `unknown` when the other side may have acted and nobody can tell. */
export type Happened = 'yes' | 'no' | 'unknown';

export interface Draft {
  readonly id: string;
  /** The job and attempt that asked for it. */
  readonly job: string;
  readonly attempt: number;
  readonly agent: string;
  /** Name of the action in the configuration. */
  readonly action: string;
  /** Canonical JSON: the bytes that will be used. */
  readonly args: string;
  /** SHA-256 of `args`. */
  readonly argsHash: string;
  /** SHA-256 of the action's definition in the configuration, when it was drafted. */
  readonly definitionHash: string;
  /** What would be touched, in words, without secrets. */
  readonly target: string;
  /** SHA-256 of the exact target, secrets included. */
  readonly targetHash: string;
  readonly state: DraftState;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly decidedBy: string | null;
  readonly decidedAt: number | null;
  /** The job that executes it, once approved. */
  readonly execution: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly happened: Happened | null;
  /** What came of it, or why not, in a sentence. */
  readonly result: string | null;
}

/** How one execution ended. */
export interface ActionEnd {
  readonly happened: Happened;
  readonly result: string;
}

/** Executions are jobs of this pseudo-agent, whose name no agent can have. */
export function executorOf(action: string): string {
  return `action:${action}`;
}

/** True for the job of an approved draft. */
export function isExecution(agent: string): boolean {
  return agent.startsWith('action:');
}
