import type { Fence, Job } from '@nightshift/domain';
import type { AbortReason } from './settlement.ts';

/**
 * Shares of the drain time: for a job to end by itself, and for its child once it was told to. What
 * is left is for killing a child that does not listen, and for giving its job back.
 */
export const PATIENCE = 0.7;
export const CHILD_GRACE = 0.15;

/** One attempt that is being worked on in this process. */
export class Running {
  readonly job: Job;
  readonly fence: Fence;
  readonly #abort = new AbortController();
  #reason: AbortReason | null = null;
  renewAt: number;
  /** Settled when the attempt is over and its job has been moved. Never rejects. */
  finished: Promise<void> = Promise.resolve();

  constructor(job: Job, fence: Fence, renewAt: number) {
    this.job = job;
    this.fence = fence;
    this.renewAt = renewAt;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get abortReason(): AbortReason | null {
    return this.#reason;
  }

  /** Ends the child; the first reason is the one that counts. */
  abort(reason: AbortReason): void {
    this.#reason ??= reason;
    this.#abort.abort(reason);
  }
}
