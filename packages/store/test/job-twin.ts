import type { Settlement } from '@nightshift/domain';

/** A job as the twin knows it: only what the rules speak of. */
export interface TwinJob {
  state: 'queued' | 'running' | 'done' | 'dead' | 'cancelled';
  ready: boolean;
  attempts: number;
  claims: number;
  crashes: number;
  suspect: boolean;
  alone: boolean;
  cancelAsked: boolean;
  instance: string;
  runAfter: number;
  /** A schedule made it. */
  bySlot: boolean;
}

/**
 * The life of jobs in memory, written from the rules and not from the store: what the store is
 * compared with. One agent, jobs by number, time as a number.
 */
export class JobTwin {
  readonly jobs: TwinJob[] = [];
  readonly maxAttempts: number;
  readonly concurrency: number;
  now = 0;
  halted = false;
  paused = false;

  constructor(maxAttempts: number, concurrency: number) {
    this.maxAttempts = maxAttempts;
    this.concurrency = concurrency;
  }

  enqueue(delay: number, bySlot: boolean): void {
    const blank = { attempts: 0, claims: 0, crashes: 0, suspect: false, alone: false };
    const runAfter = this.now + delay;
    const rest = { cancelAsked: false, instance: '', runAfter, ready: delay === 0 };
    this.jobs.push({ state: 'queued', ...blank, ...rest, bySlot });
  }

  claim(job: TwinJob, instance: string): boolean {
    const running = this.jobs.filter((it) => it.state === 'running');
    if (job.state !== 'queued' || !job.ready || this.halted || this.paused) return false;
    if (running.length >= this.concurrency || running.some((it) => it.suspect)) return false;
    if (job.suspect && running.length > 0) return false;
    const company = running.filter((it) => it.instance === instance);
    for (const it of company) it.alone = false;
    const { attempts, claims } = job;
    const counted = { attempts: attempts + 1, claims: claims + 1, alone: company.length === 0 };
    Object.assign(job, { state: 'running', ready: false, instance, ...counted });
    return true;
  }

  settle(job: TwinJob, settlement: Settlement): boolean {
    if (job.state !== 'running') return false;
    if (settlement.kind === 'done') this.#end(job, 'done');
    if (settlement.kind === 'cancelled') this.#end(job, 'cancelled');
    if (settlement.kind === 'dead') this.#end(job, 'dead');
    if (settlement.kind === 'failed') {
      if (job.attempts >= this.maxAttempts) this.#end(job, 'dead');
      else this.#again(job, settlement.runAfter);
    }
    if (settlement.kind === 'returned') {
      job.attempts--;
      this.#again(job, settlement.runAfter ?? this.now);
    }
    return true;
  }

  takeBack(job: TwinJob): boolean {
    if (job.state !== 'running') return false;
    if (job.alone) job.crashes++;
    else job.attempts--;
    const spent = job.crashes >= 3 || job.attempts >= this.maxAttempts;
    if (spent && !job.cancelAsked) this.#end(job, 'dead');
    else {
      const { cancelAsked } = job;
      this.#again(job, this.now);
      job.suspect = !cancelAsked;
    }
    return true;
  }

  cancel(job: TwinJob): string {
    if (job.state === 'running') {
      job.cancelAsked = true;
      return 'asked';
    }
    if (job.state !== 'queued') return 'finished';
    this.#end(job, 'cancelled');
    return 'cancelled';
  }

  redrive(job: TwinJob): string {
    if (job.state !== 'dead') return 'not-dead';
    const fresh = { attempts: 0, crashes: 0, cancelAsked: false, suspect: false };
    Object.assign(job, { state: 'queued', ready: true, runAfter: this.now, ...fresh });
    return 'queued';
  }

  drop(job: TwinJob): string {
    if (job.state !== 'dead') return 'not-dead';
    this.#end(job, 'cancelled');
    return 'dropped';
  }

  counts(): { queued: number; waiting: number; running: number; dead: number } {
    const count = (is: (job: TwinJob) => boolean): number => this.jobs.filter(is).length;
    return {
      queued: count((it) => it.ready),
      waiting: count((it) => it.state === 'queued' && !it.ready),
      running: count((it) => it.state === 'running'),
      dead: count((it) => it.state === 'dead'),
    };
  }

  unfinishedBySlot(): number {
    const open = this.jobs.filter((it) => it.state === 'queued' || it.state === 'running');
    return open.filter((it) => it.bySlot).length;
  }

  pass(ms: number): number {
    this.now += ms;
    const due = this.jobs.filter((it) => it.state === 'queued' && !it.ready);
    const promoted = due.filter((it) => it.runAfter <= this.now);
    for (const it of promoted) it.ready = true;
    return promoted.length;
  }

  #end(job: TwinJob, state: 'done' | 'dead' | 'cancelled'): void {
    Object.assign(job, { state, ready: false, suspect: false });
  }

  #again(job: TwinJob, runAfter: number): void {
    if (job.cancelAsked) this.#end(job, 'cancelled');
    else Object.assign(job, { state: 'queued', runAfter, ready: runAfter <= this.now });
  }
}
