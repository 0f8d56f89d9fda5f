import { setTimeout } from 'node:timers/promises';
import { DRILL_AGENT, errorFacts } from '@nightshift/domain';
import type { AgentSettings, Clock, JobStore, Ledger, Settings } from '@nightshift/domain';
import type { Ticket, Tickets } from '@nightshift/queue';
import { PATIENCE, Running } from './running.ts';
import { type TakeoverParts, takeExpired, takeOverDead } from './takeover.ts';

/**
 * Longest sleep of a pass: what cannot wake the worker is seen within a second, by the same getting
 * up as a halt.
 */
const POLL_MS = 900;
/** Between sweeps for orphaned holds and for tickets that disagree with their jobs. */
const SWEEP_MS = 30_000;
/** Between looks for dead workers: their jobs run again within two seconds, not at lease expiry. */
const LOOK_FOR_DEAD_MS = 850;
/** Jobs made runnable in one transaction. */
const PROMOTE_BATCH = 200;
/** Leases are renewed while a job winds down. */
const WIND_DOWN_STEP_MS = 500;

export interface WorkerParts {
  readonly instance: string;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly jobs: JobStore;
  readonly ledger: Ledger;
  readonly tickets: Tickets;
  readonly takeover: TakeoverParts;
  /** Repairs tickets that disagree with jobs; the count is expected to be 0. */
  readonly sweepTickets: () => Promise<number>;
  /** Works on an attempt until its job has been moved. Never rejects. */
  readonly run: (running: Running) => Promise<void>;
  /** SHA-256 of the agent's entry file, or null when it cannot be read. */
  readonly sourceOf: (agent: AgentSettings) => Promise<string | null>;
  /** Work moved. */
  readonly moved: () => void;
  /** There may be something to do before the sleep is over. */
  readonly wake: () => void;
  readonly log: (message: string, fields: Record<string, string | number>) => void;
  /** Works on this job only, for `run`. */
  readonly only: string | null;
}

/**
 * Claims jobs and runs them. `poll` is one pass: take back what dead workers held, make due jobs
 * runnable, renew leases, claim. All decisions about a job are the store's; this only asks.
 */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #agents: ReadonlyMap<string, AgentSettings>;
  readonly #running = new Map<string, Running>();
  #sweepAt = 0;
  #lookForDeadAt = 0;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#agents = new Map(parts.settings.agents.map((agent) => [agent.name, agent]));
  }

  get running(): number {
    return this.#running.size;
  }

  /** One pass. @returns how long to sleep, ms. */
  async poll(): Promise<number> {
    await this.#renewLeases();
    await this.#takeOverDead();
    await this.#sweep();
    await takeExpired(this.#parts.takeover);
    await this.#endCancelled();
    const { settings, jobs, clock } = this.#parts;
    const { nextAt } = await jobs.promote(settings.maxWaitMs, PROMOTE_BATCH);
    const claimed = await this.#claimAll();
    if (claimed > 0) this.#parts.moved();
    const untilNext = nextAt === null ? POLL_MS : Math.max(0, nextAt - clock.now());
    return Math.min(POLL_MS, untilNext);
  }

  /**
   * Halt or drain: nothing new is claimed; what runs may end by itself for most of the drain time,
   * then its child is ended. Returns when each of these jobs has been given back or moved. Patience
   * runs out on time whatever the database does: a halt holds while it is locked or full. A halted
   * worker does no passes, so what a dead one left running is taken back here.
   */
  async windDown(reason: 'halted' | 'draining'): Promise<void> {
    const { clock, settings } = this.#parts;
    const until = clock.monotonic() + settings.times.drainMs * PATIENCE;
    // A job that is claimed after a short halt has ended runs on.
    const ending = [...this.#running.values()];
    const ended = Promise.all(ending.map((running) => running.finished));
    for (;;) {
      const left = until - clock.monotonic();
      if (left <= 0 || !ending.some((it) => this.#running.get(it.job.id) === it)) break;
      await Promise.race([this.#keepLeases(), setTimeout(left)]);
      await Promise.race([ended, setTimeout(Math.min(WIND_DOWN_STEP_MS, left))]);
    }
    for (const running of ending) running.abort(reason);
    await ended;
    if (reason === 'halted') await takeOverDead(this.#parts.takeover, this.#parts.instance);
  }

  async #keepLeases(): Promise<void> {
    try {
      await this.#renewLeases();
    } catch (error) {
      this.#parts.log('lease.not-renewed', errorFacts(error));
    }
  }

  /** A worker that cannot renew has lost its jobs: it stops them before it does anything else. */
  async #renewLeases(): Promise<void> {
    const { clock, jobs, settings } = this.#parts;
    const now = clock.now();
    for (const running of this.#running.values()) {
      if (running.renewAt > now) continue;
      const kept = await jobs.renew(running.fence, now + settings.times.leaseMs);
      if (kept) running.renewAt = now + settings.times.leaseRenewMs;
      else running.abort('lease-lost');
    }
  }

  /** Two reads of a row or so, and a look at /proc for each other life: cheap enough to be quick. */
  async #takeOverDead(): Promise<void> {
    const now = this.#parts.clock.monotonic();
    if (this.#lookForDeadAt > now) return;
    this.#lookForDeadAt = now + LOOK_FOR_DEAD_MS;
    await takeOverDead(this.#parts.takeover, this.#parts.instance);
  }

  async #sweep(): Promise<void> {
    const now = this.#parts.clock.monotonic();
    if (this.#sweepAt > now) return;
    this.#sweepAt = now + SWEEP_MS;
    await this.#parts.ledger.presumeOrphans(null);
    const repaired = await this.#parts.sweepTickets();
    if (repaired > 0) this.#parts.log('tickets.repaired', { count: repaired });
  }

  async #endCancelled(): Promise<void> {
    if (this.#running.size === 0) return;
    for (const job of await this.#parts.jobs.cancelAsked(this.#parts.instance)) {
      this.#running.get(job)?.abort('cancelled');
    }
  }

  async #claimAll(): Promise<number> {
    if (this.#parts.only !== null) return (await this.#claim(this.#parts.only)) ? 1 : 0;
    const passedOver = new Set<string>();
    let claimed = 0;
    for (;;) {
      const tickets = await this.#takeTickets(passedOver);
      if (tickets.length === 0) return claimed;
      // At the same time, so that they share a commit: each is decided by itself all the same.
      const won = await Promise.all(tickets.map((ticket) => this.#claimTicket(ticket)));
      for (const [n, { agent }] of tickets.entries()) if (!won[n]) passedOver.add(agent);
      claimed += won.filter(Boolean).length;
    }
  }

  /** As many tickets as there is room for, of those whose agents have some. */
  async #takeTickets(passedOver: ReadonlySet<string>): Promise<readonly Ticket[]> {
    const taken: Ticket[] = [];
    while (this.#running.size + taken.length < this.#parts.settings.concurrency) {
      const ticket = await this.#parts.tickets.next(
        // A drill holds its own jobs in its own hands.
        (agent) => agent === DRILL_AGENT || passedOver.has(agent) || this.#isFull(agent, taken),
      );
      if (ticket === null) break;
      taken.push(ticket);
    }
    return taken;
  }

  async #claimTicket(ticket: Ticket): Promise<boolean> {
    if (await this.#claim(ticket.jobId)) return true;
    // Not now: a suspect waits for its turn alone, or the job is gone and its ticket with it.
    await ticket.release();
    return false;
  }

  /** Claims a job and starts it. False when the store says that it is not to be run now. */
  async #claim(job: string): Promise<boolean> {
    const { clock, jobs, settings, instance } = this.#parts;
    if (this.#running.has(job)) return false;
    const agentName = (await jobs.get(job))?.agent;
    if (agentName === undefined) return false;
    const agent = this.#agents.get(agentName);
    const now = clock.now();
    const claim = await jobs.claim({
      job,
      instance,
      leaseUntil: now + settings.times.leaseMs,
      maxRunningOfAgent: agent?.concurrency ?? 1,
      source: agent === undefined ? null : await this.#sourceOf(agent),
    });
    if (claim === null) return false;
    this.#start(new Running(claim.job, claim.fence, now + settings.times.leaseRenewMs));
    return true;
  }

  /** An entry that cannot be found is what its own attempt fails of, never the worker. */
  async #sourceOf(agent: AgentSettings): Promise<string | null> {
    try {
      return await this.#parts.sourceOf(agent);
    } catch {
      return null;
    }
  }

  #start(running: Running): void {
    this.#running.set(running.job.id, running);
    running.finished = this.#parts.run(running).finally(() => {
      this.#running.delete(running.job.id);
      this.#parts.moved();
      this.#parts.wake();
    });
  }

  /** Whether what runs and what is about to leaves no room for one more of an agent. */
  #isFull(agent: string, taken: readonly Ticket[]): boolean {
    const limit = this.#agents.get(agent)?.concurrency ?? 1;
    let count = taken.filter((it) => it.agent === agent).length;
    for (const running of this.#running.values()) if (running.job.agent === agent) count++;
    return count >= limit;
  }
}
