import type { Json } from '../json.ts';

/** A schedule as the configuration declares it. Exactly one of `cron` and `everyMs`. */
export interface Schedule {
  readonly agent: string;
  readonly cron: string | null;
  readonly everyMs: number | null;
  readonly timezone: string;
}

/** A schedule with its durable cursor: every slot at or before it has been decided. */
export interface ScheduleRow extends Schedule {
  readonly cursorAt: number;
}

/** What becomes of one due slot. Every slot is accounted for once, as one of these. */
export type SlotDecision =
  | {
      readonly kind: 'enqueue';
      readonly at: number;
      readonly key: string;
      readonly input: Json;
      readonly maxAttempts: number;
      readonly priority: number;
    }
  | { readonly kind: 'skip'; readonly at: number; readonly reason: string }
  /** Slots beyond the horizon, counted, not listed one by one. */
  | {
      readonly kind: 'skip-range';
      readonly from: number;
      readonly at: number;
      readonly count: number;
      readonly reason: string;
    };

export interface SlotRow {
  readonly agent: string;
  readonly scheduledFor: number;
  readonly status: 'enqueued' | 'skipped';
  readonly reason: string | null;
  readonly count: number;
  readonly job: string | null;
  readonly decidedAt: number;
}

export interface SlotStore {
  /** Makes the table agree with the configuration. A new or changed schedule starts at `now`: it is
   * never back-filled. Schedules that are gone are removed, their slots stay. */
  declare(schedules: readonly Schedule[], now: number): Promise<void>;
  schedules(): Promise<readonly ScheduleRow[]>;
  /**
   * Writes one pass of decisions with their jobs and moves the cursor from `from` to `to`, in one
   * transaction. @returns false when the cursor is not at `from` any more (another scheduler was
   * first) or the system is halted: nothing was written.
   */
  advance(
    agent: string,
    from: number,
    to: number,
    decisions: readonly SlotDecision[],
  ): Promise<boolean>;
  /**
   * Takes back what was decided under a clock that ran ahead: skipped slots after `now` are due
   * again, and the cursor returns to `now`, or to before a skipped range that reaches beyond it.
   * Slots that made a job stay decided. @returns false when the cursor is not at `from` any more.
   */
  rewind(agent: string, from: number, now: number): Promise<boolean>;
  /** Unfinished jobs that this agent's schedule made, for `overlap: 'skip'`. */
  unfinished(agent: string): Promise<number>;
  list(filter: { readonly agent?: string; readonly limit: number }): Promise<readonly SlotRow[]>;
}
