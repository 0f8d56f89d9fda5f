import type { ScheduleRow } from '@nightshift/domain';
import { cronMatcher } from './cron.ts';

const MINUTE_MS = 60_000;

/** Minutes looked at before the event loop gets a turn: about 12 ms of matching. */
const MINUTES_PER_TURN = 1_000;

/** Slots of one schedule, oldest first. */
export interface DueSlots {
  /** Slots in `(from, to]`, epoch ms. Yields to the event loop while it walks. */
  between(from: number, to: number): Promise<number[]>;
  /** The first slot after `from`, looking no further than `limit`; null when there is none. */
  next(from: number, limit: number): Promise<number | null>;
}

/** The slots of a schedule: minutes that match its cron, or points of its fixed grid. */
export function dueSlots(schedule: ScheduleRow): DueSlots {
  if (schedule.everyMs !== null) return gridSlots(schedule.everyMs);
  return cronSlots(schedule.cron ?? '', schedule.timezone);
}

/** A fixed grid through the epoch: it does not drift with how long a job takes. */
function gridSlots(everyMs: number): DueSlots {
  const first = (from: number): number => (Math.floor(from / everyMs) + 1) * everyMs;
  return {
    between(from, to) {
      const slots: number[] = [];
      for (let at = first(from); at <= to; at += everyMs) slots.push(at);
      return Promise.resolve(slots);
    },
    next(from, limit) {
      const at = first(from);
      return Promise.resolve(at <= limit ? at : null);
    },
  };
}

function cronSlots(expression: string, timezone: string): DueSlots {
  const matcher = cronMatcher(expression, timezone);

  async function* walk(from: number, to: number): AsyncGenerator<number> {
    let minutes = 0;
    let at = (Math.floor(from / MINUTE_MS) + 1) * MINUTE_MS;
    for (; at <= to; at += MINUTE_MS) {
      if (matcher.matches(at)) yield at;
      if (++minutes % MINUTES_PER_TURN === 0) await new Promise(setImmediate);
    }
  }

  return {
    async between(from, to) {
      return Array.fromAsync(walk(from, to));
    },
    async next(from, limit) {
      for await (const at of walk(from, limit)) return at;
      return null;
    },
  };
}
