/** A decided slot as the twin knows it. */
export interface TwinSlot {
  readonly at: number;
  readonly status: 'enqueued' | 'skipped';
  readonly count: number;
  /** First slot of a range, or null. */
  readonly from: number | null;
}

/** A decision, as a scheduler takes it. */
export type TwinDecision =
  | { readonly kind: 'enqueue' | 'skip'; readonly at: number }
  | { readonly kind: 'skip-range'; readonly from: number; readonly at: number };

/** One schedule and its slots in memory, written from the rules and not from the store. */
export class SlotTwin {
  slots: TwinSlot[] = [];
  schedule: { cron: string; cursor: number } | null = null;

  declare(cron: string | null, now: number): void {
    if (cron === null) this.schedule = null;
    else if (this.schedule?.cron !== cron) this.schedule = { cron, cursor: now };
  }

  /** @returns the slots that make a job, or null when nothing may be written. */
  advance(from: number, to: number, decisions: readonly TwinDecision[]): number[] | null {
    if (this.schedule === null || this.schedule.cursor !== from) return null;
    this.schedule.cursor = to;
    const fresh = decisions.filter(({ at }) => this.slots.every((it) => it.at !== at));
    for (const it of fresh) {
      const status = it.kind === 'enqueue' ? 'enqueued' : 'skipped';
      const start = it.kind === 'skip-range' ? it.from : null;
      const count = start === null ? 1 : it.at - start + 1;
      this.slots.push({ at: it.at, status, count, from: start });
    }
    return fresh.filter((it) => it.kind === 'enqueue').map((it) => it.at);
  }

  rewind(from: number, now: number): boolean {
    if (this.schedule === null || this.schedule.cursor !== from) return false;
    const ahead = this.slots.filter((it) => it.status === 'skipped' && it.at > now);
    const starts = ahead.flatMap((it) => (it.from === null ? [] : [it.from - 1]));
    const to = Math.min(now, ...starts);
    if (to >= from) return false;
    this.slots = this.slots.filter((it) => !ahead.includes(it));
    this.schedule.cursor = to;
    return true;
  }
}
