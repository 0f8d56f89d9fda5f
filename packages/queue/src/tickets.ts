import type { Clock } from '@nightshift/domain';
import type { Store } from '@nightshift/store';
import { ticketHandle, withoutSync } from '@nightshift/store/tickets';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { retryBusy } from './busy.ts';
import { CLAIM_TICKET, TicketQueue } from './ticket-queue.ts';

/**
 * A claimed ticket expires after this time: its job is claimed within milliseconds, or never.
 * Short, because the job of a worker that died in between waits for it; and one that expires too
 * early does no harm, since the job's own claim decides.
 */
const TICKET_TIMEOUT_SECS = 2;

/** A claimed ticket. It vanishes by itself when its job is claimed. */
export interface Ticket {
  readonly jobId: string;
  readonly agent: string;
  /** Puts it back for somebody else. */
  release(): Promise<void>;
}

/** Tickets of all agents, one liteque queue an agent, served round robin. */
export interface Tickets {
  /**
   * Claims the next ticket of the next agent in turn, passing over agents that `skip` names.
   * @returns null when there is none.
   */
  next(skip: (agent: string) => boolean): Promise<Ticket | null>;
  /** True when there is a ticket to claim. One look along an index, no lock. */
  waiting(): boolean;
}

/** Tickets over the store's own connection: its pragmas, its transactions, one handle. */
export function openTickets(store: Store, clock: Clock): Tickets {
  const handle = ticketHandle(store);
  const db = drizzle(handle) as unknown as ConstructorParameters<typeof TicketQueue>[1];
  // Prepared once: an idle worker asks every second, a busy one for each job.
  const next = handle.prepare(QUEUE_AFTER).pluck();
  const claim = handle.prepare(CLAIM_TICKET);
  const queues = new Map<string, TicketQueue>();
  let lastServed = '';

  function queueOf(agent: string): TicketQueue {
    const known = queues.get(agent);
    if (known !== undefined) return known;
    const queue = new TicketQueue(agent, db, clock, claim, (it) => withoutSync(store, it));
    queues.set(agent, queue);
    return queue;
  }

  /** The first queue with a ticket after `name`, in name order: one step along the index. */
  function queueAfter(name: string): string | null {
    return next.get({ name, nowSecs: Math.floor(clock.now() / 1_000) }) as string | null;
  }

  /** Each queue with a ticket once, starting after the one that was served last. */
  function* inTurn(): Generator<string> {
    const start = lastServed;
    for (let name = queueAfter(start); name !== null; name = queueAfter(name)) yield name;
    for (let name = queueAfter(''); name !== null && name <= start; name = queueAfter(name)) {
      yield name;
    }
  }

  async function claimFrom(agent: string): Promise<Ticket | null> {
    const queue = queueOf(agent);
    const task = await retryBusy(() => queue.attemptDequeue({ timeoutSecs: TICKET_TIMEOUT_SECS }));
    if (task === null) return null;
    lastServed = agent;
    const { jobId } = JSON.parse(task.payload) as { jobId: string };
    return {
      jobId,
      agent,
      release: () =>
        retryBusy(() =>
          queue.finalize(task.id, task.allocationId, 'pending_retry', undefined, true),
        ),
    };
  }

  return {
    waiting: () => queueAfter('') !== null,
    async next(skip) {
      for (const agent of inTurn()) {
        if (skip(agent)) continue;
        const ticket = await claimFrom(agent);
        if (ticket !== null) return ticket;
      }
      return null;
    },
  };
}

const QUEUE_AFTER = `
  SELECT min(name) FROM (
    SELECT min(queue) AS name FROM tasks
    WHERE status IN ('pending', 'pending_retry') AND queue > :name
    UNION ALL
    SELECT min(queue) FROM tasks
    WHERE status = 'running' AND queue > :name AND expireAt < :nowSecs)`;
