import assert from 'node:assert/strict';
import { mayBecome, type Fence, type JobState, type Settlement } from '@nightshift/domain';
import type { JobRow } from '../src/jobs/rows.ts';
import { connectionOf } from '../src/store-connection.ts';
import { sweepTickets } from '../src/tickets.ts';
import { JobTwin, type TwinJob } from './job-twin.ts';
import { enqueued, GONE, PERSON, type World } from './world.ts';

const MAX_ATTEMPTS = 4;
const CONCURRENCY = 3;
const ERROR = { code: 'x', message: 'x' };

export type Step =
  | { readonly do: 'enqueue'; readonly delay: number }
  | { readonly do: 'claim'; readonly job: number; readonly instance: string }
  | { readonly do: 'settle'; readonly job: number; readonly how: number; readonly delay: number }
  | { readonly do: 'takeBack' | 'cancel' | 'redrive'; readonly job: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'halt' | 'resume' | 'pause' | 'unpause' };

/** The store and the twin, driven by the same steps. */
export class JobPair {
  readonly world: World;
  readonly twin = new JobTwin(MAX_ATTEMPTS, CONCURRENCY);
  readonly #ids: string[] = [];
  readonly #fences: Fence[] = [];
  #seen: JobState[] = [];

  constructor(world: World) {
    this.world = world;
  }

  async take(step: Step): Promise<void> {
    if ('job' in step) await this.#onJob(step);
    else await this.#onAll(step);
    await this.#compare(step);
  }

  async #onAll(step: Exclude<Step, { job: number }>): Promise<void> {
    const { store, clock } = this.world;
    if (step.do === 'enqueue') {
      const runAfter = clock.now() + step.delay;
      const over = { runAfter, maxAttempts: MAX_ATTEMPTS };
      this.#ids.push((await enqueued(this.world, `k${this.#ids.length}`, over)).id);
      this.twin.enqueue(step.delay);
    } else if (step.do === 'pass') {
      clock.advance(step.ms);
      const { promoted } = await store.jobs.promote(1e9, 1_000);
      assert.equal(promoted, this.twin.pass(step.ms));
    } else if (step.do === 'halt' || step.do === 'resume') {
      this.twin.halted = step.do === 'halt';
      await (step.do === 'halt' ? store.control.halt('x', PERSON) : store.control.resume(PERSON));
    } else {
      this.twin.paused = step.do === 'pause';
      const change = step.do === 'pause' ? 'pauseAgent' : 'resumeAgent';
      await store.control[change]('digest', PERSON);
    }
  }

  async #onJob(step: Extract<Step, { job: number }>): Promise<void> {
    const twin = this.twin.jobs[step.job];
    const id = this.#ids[step.job];
    if (twin === undefined || id === undefined) return;
    const { jobs } = this.world.store;
    if (step.do === 'claim') return this.#claim(step.job, id, twin, step.instance);
    if (step.do === 'cancel') assert.equal(await jobs.cancel(id, PERSON), this.twin.cancel(twin));
    if (step.do === 'redrive')
      assert.equal(await jobs.redrive(id, PERSON), this.twin.redrive(twin));
    const fence = this.#fences[step.job];
    if (fence === undefined) return;
    if (step.do === 'takeBack') {
      assert.equal(await jobs.takeBack(fence, GONE), this.twin.takeBack(twin));
    }
    if (step.do === 'settle') {
      const inStore = this.#settlement(step.how, step.delay, this.world.clock.now());
      const inTwin = this.#settlement(step.how, step.delay, this.twin.now);
      assert.equal(await jobs.settle(fence, inStore), this.twin.settle(twin, inTwin));
    }
  }

  async #claim(n: number, id: string, twin: TwinJob, instance: string): Promise<void> {
    const { store, clock } = this.world;
    const won = await store.jobs.claim({
      job: id,
      instance,
      leaseUntil: clock.now() + 1_000,
      maxRunningOfAgent: CONCURRENCY,
      source: null,
    });
    assert.equal(won !== null, this.twin.claim(twin, instance));
    if (won !== null) this.#fences[n] = won.fence;
  }

  #settlement(how: number, wait: number, now: number): Settlement {
    const runAfter = now + wait;
    const all: readonly Settlement[] = [
      { kind: 'done' },
      { kind: 'cancelled', message: 'enough' },
      { kind: 'failed', error: ERROR, outcome: 'failed', runAfter },
      { kind: 'dead', error: ERROR },
      { kind: 'returned', reason: 'drain', runAfter },
    ];
    return all[how]!;
  }

  async #compare(step: Step): Promise<void> {
    const { db } = connectionOf(this.world.store);
    const rows = this.#ids.map((id) => db.one<JobRow>('SELECT * FROM jobs WHERE id = ?', [id])!);
    const about = JSON.stringify(step);
    assert.deepEqual(rows.map(ofRow), this.twin.jobs.map(ofTwin), about);
    rows.forEach(({ state }, n) => {
      const before = this.#seen[n] ?? state;
      assert.ok(before === state || mayBecome(before, state), `${before} -> ${state}`);
    });
    this.#seen = rows.map((it) => it.state);
    assert.deepEqual(await sweepTickets(this.world.store), { removed: 0, added: 0, revived: 0 });
  }
}

const ofRow = (row: JobRow) => ({
  state: row.state,
  ready: row.ready === 1,
  attempts: row.attempts,
  claims: row.claims,
  crashes: row.crashes,
  suspect: row.suspect === 1,
});

const ofTwin = ({ state, ready, attempts, claims, crashes, suspect }: TwinJob) => ({
  state,
  ready,
  attempts,
  claims,
  crashes,
  suspect,
});
