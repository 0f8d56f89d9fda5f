import assert from 'node:assert/strict';
import { mayBecome, type Actor, type Fence, type JobState } from '@nightshift/domain';
import type { Settlement, SlotDecision } from '@nightshift/domain';
import { type ManualClock, manualClock, onCleanup } from '@nightshift/support';
import type { Engine, JobsAndSlots } from './engine.ts';
import { JobTwin, type TwinJob } from './job-twin.ts';
import { SlotTwin, type TwinDecision } from './slot-twin.ts';

const AGENT = 'digest';
const MAX_ATTEMPTS = 4;
const CONCURRENCY = 3;
const PERSON: Actor = { kind: 'person', name: 'tester' };
const ERROR = { code: 'x', message: 'x' };

export type Step =
  | { readonly do: 'enqueue'; readonly delay: number }
  | { readonly do: 'claim'; readonly job: number; readonly instance: string }
  | { readonly do: 'settle'; readonly job: number; readonly how: number; readonly delay: number }
  | {
      readonly do: 'takeBack' | 'cancel' | 'redrive' | 'drop' | 'stale';
      readonly job: number;
    }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'halt' | 'resume' | 'pause' | 'unpause' | 'restart' }
  | { readonly do: 'declare'; readonly cron: string | null }
  | {
      readonly do: 'advance';
      readonly kinds: readonly TwinDecision['kind'][];
      readonly behind: number;
    }
  | { readonly do: 'rewind'; readonly ms: number };

type JobStep = Extract<Step, { job: number }>;
type SlotStep = Extract<Step, { do: 'declare' | 'advance' | 'rewind' }>;

/** A store and the twins, driven by the same steps. */
export class JobPair {
  readonly jobs = new JobTwin(MAX_ATTEMPTS, CONCURRENCY);
  readonly slots = new SlotTwin();
  readonly #engine: Engine;
  readonly #clock: ManualClock;
  readonly #open: () => Promise<JobsAndSlots>;
  #store: JobsAndSlots;
  readonly #ids: string[] = [];
  readonly #fences: Fence[][] = [];
  #seen: JobState[] = [];

  static async open(engine: Engine): Promise<JobPair> {
    const clock = manualClock('2026-03-01T00:00:00Z');
    const open = engine.place(clock);
    const pair = new JobPair(engine, clock, open, await open());
    onCleanup(() => pair.close());
    return pair;
  }

  private constructor(
    engine: Engine,
    clock: ManualClock,
    open: () => Promise<JobsAndSlots>,
    store: JobsAndSlots,
  ) {
    this.#engine = engine;
    this.#clock = clock;
    this.#open = open;
    this.#store = store;
  }

  close(): void {
    this.#store.close();
  }

  /** Takes the step on both sides, then compares everything that can be seen through the ports. */
  async take(step: Step): Promise<void> {
    if ('job' in step) await this.#onJob(step);
    else if (step.do === 'declare' || step.do === 'advance' || step.do === 'rewind') {
      await this.#onSlots(step);
    } else await this.#onAll(step);
    await this.#compare(JSON.stringify(step), 'job' in step ? step.job : null);
  }

  async #onAll(step: Exclude<Step, JobStep | SlotStep>): Promise<void> {
    const { jobs, control } = this.#store;
    if (step.do === 'enqueue') {
      const runAfter = this.#clock.now() + step.delay;
      const input = { agent: AGENT, input: null, maxAttempts: MAX_ATTEMPTS, runAfter };
      const { job } = await jobs.enqueue({ key: `k${this.#ids.length}`, ...input }, PERSON);
      this.#made(job!.id, step.delay, false);
    } else if (step.do === 'pass') {
      this.#clock.advance(step.ms);
      const { promoted } = await jobs.promote(1e9, 1_000);
      assert.equal(promoted, this.jobs.pass(step.ms));
    } else if (step.do === 'halt' || step.do === 'resume') {
      this.jobs.halted = step.do === 'halt';
      await (step.do === 'halt' ? control.halt('x', PERSON) : control.resume(PERSON));
    } else if (step.do === 'restart') {
      this.#store.close();
      this.#store = await this.#open();
    } else {
      this.jobs.paused = step.do === 'pause';
      await control[step.do === 'pause' ? 'pauseAgent' : 'resumeAgent'](AGENT, PERSON);
    }
  }

  #made(id: string, delay: number, bySlot: boolean): void {
    this.#ids.push(id);
    this.#fences.push([]);
    this.jobs.enqueue(delay, bySlot);
  }

  async #onSlots(step: SlotStep): Promise<void> {
    const { slots } = this.#store;
    const now = this.#clock.now();
    if (step.do === 'declare') {
      const schedule = { agent: AGENT, cron: step.cron, everyMs: null, timezone: 'UTC' };
      await slots.declare(step.cron === null ? [] : [schedule], now);
      return this.slots.declare(step.cron, now);
    }
    const cursor = this.slots.schedule?.cursor ?? 0;
    if (step.do === 'rewind') {
      const at = now - step.ms;
      assert.equal(await slots.rewind(AGENT, cursor, at), this.slots.rewind(cursor, at));
      return;
    }
    await this.#advance(cursor - step.behind, cursor, step.kinds);
  }

  /** Decides some slots after the cursor; `from` may be where it stood before. */
  async #advance(
    from: number,
    cursor: number,
    kinds: readonly TwinDecision['kind'][],
  ): Promise<void> {
    const decisions = kinds.map((kind, n): TwinDecision => {
      const at = cursor + (n + 1) * 10;
      return kind === 'skip-range' ? { kind, from: at - 5, at } : { kind, at };
    });
    const to = decisions.at(-1)?.at ?? cursor + 1;
    const written = decisions.map((it) => decisionOf(it));
    const moved = await this.#store.slots.advance(AGENT, from, to, written);
    const made = this.jobs.halted ? null : this.slots.advance(from, to, decisions);
    assert.equal(moved, made !== null);
    const rows = await this.#store.slots.list({ limit: 10_000 });
    for (const at of made ?? []) {
      const { job } = rows.find((it) => it.scheduledFor === at)!;
      this.#made(job!, 0, true);
    }
  }

  async #onJob(step: JobStep): Promise<void> {
    const twin = this.jobs.jobs[step.job];
    const id = this.#ids[step.job];
    if (twin === undefined || id === undefined) return;
    const { jobs } = this.#store;
    const fence = this.#fences[step.job]!.at(-1);
    if (step.do === 'claim') return this.#claim(step.job, id, twin, step.instance);
    if (step.do === 'cancel') assert.equal(await jobs.cancel(id, PERSON), this.jobs.cancel(twin));
    if (step.do === 'redrive') {
      assert.equal(await jobs.redrive(id, PERSON), this.jobs.redrive(twin));
    }
    if (step.do === 'drop') assert.equal(await jobs.drop(id, PERSON), this.jobs.drop(twin));
    if (step.do === 'stale') return this.#tryStale(step.job);
    if (fence === undefined) return;
    if (step.do === 'takeBack') {
      assert.equal(await jobs.takeBack(fence, ERROR), this.jobs.takeBack(twin));
    }
    if (step.do === 'settle') {
      const inStore = settlement(step.how, this.#clock.now() + step.delay);
      const inTwin = settlement(step.how, this.jobs.now + step.delay);
      assert.equal(await jobs.settle(fence, inStore), this.jobs.settle(twin, inTwin));
    }
  }

  /** Whoever held the job before can do nothing to it any more. */
  async #tryStale(job: number): Promise<void> {
    const { jobs } = this.#store;
    for (const fence of this.#fences[job]!.slice(0, -1)) {
      const tries = [
        jobs.settle(fence, { kind: 'done' }),
        jobs.renew(fence, Number.MAX_SAFE_INTEGER),
        jobs.takeBack(fence, ERROR),
        jobs.completeStep(fence, 'late', null),
      ];
      assert.deepEqual(await Promise.all(tries), [false, false, false, false]);
    }
  }

  async #claim(n: number, id: string, twin: TwinJob, instance: string): Promise<void> {
    const won = await this.#store.jobs.claim({
      job: id,
      instance,
      leaseUntil: this.#clock.now() + 1_000,
      maxRunningOfAgent: CONCURRENCY,
      source: null,
    });
    assert.equal(won !== null, this.jobs.claim(twin, instance));
    if (won !== null) this.#fences[n]!.push(won.fence);
  }

  async #compareAttempts(n: number, about: string): Promise<void> {
    const [twin, id] = [this.jobs.jobs[n], this.#ids[n]];
    if (twin === undefined || id === undefined) return;
    const attempts = await this.#store.jobs.attempts(id);
    const seen = [attempts.length, attempts.filter((it) => it.endedAt === null).length];
    const known = [twin.claims, twin.state === 'running' ? 1 : 0];
    assert.deepEqual(seen, known, `attempts of job ${n}, and those open, after ${about}`);
  }

  async #compare(about: string, touched: number | null): Promise<void> {
    const { jobs, slots } = this.#store;
    const states: JobState[] = [];
    const rows = new Map((await jobs.list({ limit: 10_000 })).map((it) => [it.id, it]));
    for (const [n, id] of this.#ids.entries()) {
      const { state, attempts } = rows.get(id)!;
      const twin = this.jobs.jobs[n]!;
      assert.deepEqual([state, attempts], [twin.state, twin.attempts], `job ${n} after ${about}`);
      const before = this.#seen[n] ?? state;
      assert.ok(before === state || mayBecome(before, state), `${before} -> ${state}`);
      states.push(state);
    }
    if (touched !== null) await this.#compareAttempts(touched, about);
    this.#seen = states;
    assert.deepEqual(await jobs.counts(), this.jobs.counts(), about);
    assert.equal(await slots.unfinished(AGENT), this.jobs.unfinishedBySlot(), about);
    const decided = (await slots.list({ limit: 10_000 })).map((it) => ({
      at: it.scheduledFor,
      status: it.status,
      count: it.count,
    }));
    const known = this.slots.slots.map(({ at, status, count }) => ({ at, status, count }));
    assert.deepEqual(decided.toSorted(byTime), known.toSorted(byTime), about);
    const cursors = (await slots.schedules()).map((it) => it.cursorAt);
    const { schedule } = this.slots;
    assert.deepEqual(cursors, schedule === null ? [] : [schedule.cursor], about);
    assert.deepEqual(await this.#engine.wrong(this.#store), [], about);
  }
}

function decisionOf(it: TwinDecision): SlotDecision {
  if (it.kind === 'skip') return { kind: 'skip', at: it.at, reason: 'overlap' };
  if (it.kind === 'skip-range') {
    const count = it.at - it.from + 1;
    return { kind: 'skip-range', from: it.from, at: it.at, count, reason: 'beyond-horizon' };
  }
  const job = { input: null, maxAttempts: MAX_ATTEMPTS, priority: 0 };
  return { kind: 'enqueue', at: it.at, key: `slot:${AGENT}:${it.at}`, ...job };
}

function settlement(how: number, runAfter: number): Settlement {
  const all: readonly Settlement[] = [
    { kind: 'done' },
    { kind: 'cancelled', message: 'enough' },
    { kind: 'failed', error: ERROR, outcome: 'failed', runAfter },
    { kind: 'dead', error: ERROR },
    { kind: 'returned', reason: 'drain', runAfter },
  ];
  return all[how]!;
}

const byTime = (a: { at: number }, b: { at: number }): number => a.at - b.at;
