import type { ChildOutcome } from '@nightshift/domain';
import { errorFacts, NightshiftError } from '@nightshift/domain';
import { FRAME } from '../channel/frame.ts';
import { Pipe } from '../channel/pipe.ts';
import type { Finish, Start } from '../channel/protocol.ts';
import { CallServer } from './call-server.ts';
import { layOutCode } from './code-cache.ts';
import type { ResolvedGrants } from './grants.ts';
import { guardMemory } from './memory-guard.ts';
import { OutputLines } from './output-lines.ts';
import { crashOutcome, type Exit, finishOutcome } from './outcome.ts';
import { groupGone, killGroup } from './process-group.ts';
import { reasonOf, type RunChildOptions } from './options.ts';
import { type Spawned, spawnChild } from './spawn-child.ts';

/** A child that has said nothing by then is stuck before its first line. */
const HELLO_WITHIN_MS = 20_000;
const DEADLINE_GRACE_MS = 1_000;
const ABORT_GRACE_MS = 10_000;
/** How long output of a dead child may still come out of its pipes. */
const OUTPUT_END_MS = 1_000;
/** The end of stderr, which may say why it died; V8 puts a native stack after its reason. */
const TAIL_CHARS = 16_000;
/** Longest delay of a Node timer; a later deadline is looked at again then. */
const TIMER_MAX_MS = 0x7fff_ffff;

/** Why the parent ended the child. The first reason stands. */
type Ending =
  | { readonly by: 'finish'; readonly finish: Finish }
  | { readonly by: 'deadline' }
  | { readonly by: 'abort'; readonly reason: string }
  | { readonly by: 'crash'; readonly code: string; readonly message: string };

/**
 * One child from start to dead. Whatever happens first — it finishes, breaks the protocol, dies,
 * reaches its deadline or is aborted — ends in the same place: SIGKILL to its group, its exit seen,
 * the group gone.
 */
export class Attempt {
  readonly #options: RunChildOptions;
  readonly #grants: ResolvedGrants;
  readonly #scratch: string;
  readonly #server: CallServer;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #hello = Promise.withResolvers<void>();
  #ending: Ending | null = null;
  #pipe!: Pipe;
  #started = false;
  #dead = false;
  #tail = '';

  constructor(options: RunChildOptions, grants: ResolvedGrants, scratch: string) {
    this.#options = options;
    this.#grants = grants;
    this.#scratch = scratch;
    this.#server = new CallServer(options.capabilities, {
      hello: () => this.#hello.resolve(),
      finish: (finish) => this.#end({ by: 'finish', finish }),
    });
  }

  /** @throws what identify or onStarted throw; NightshiftError when it cannot be started or killed. */
  async run(): Promise<ChildOutcome> {
    const { launcher, memoryMb, signal } = this.#options;
    const child = spawnChild({
      launcher,
      read: this.#grants.read,
      scratch: this.#scratch,
      cwd: this.#options.cwd ?? this.#scratch,
      memoryMb,
      extraExecArgv: this.#options.extraExecArgv ?? [],
      codeCache: layOutCode({ launcher, grants: this.#grants }, this.#scratch),
    });
    const exit = this.#watch(child);
    const onAbort = (): void => this.#abort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) this.#abort();
      await this.#begin(child.pid);
      await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      await this.#bury(child, exit);
    }
    return this.#outcome(await exit);
  }

  /** Connects channel, output, memory and exit. Resolves with the exit. */
  #watch(child: Spawned): Promise<Exit> {
    this.#pipe = new Pipe(child.channel, {
      message: (message) => this.#server.receive(message),
      closed: (error) => {
        if (error !== null) this.#end({ by: 'crash', ...errorFacts(error) });
      },
    });
    this.#server.attach(this.#pipe);
    this.#readOutput(child);
    const tooMuch = { by: 'crash', code: 'out-of-memory', message: 'too much memory' } as const;
    const stopGuard = guardMemory(child.pid, this.#options.memoryMb, () => this.#end(tooMuch));
    return new Promise((resolve) => {
      child.process.once('exit', (code, signal) => {
        stopGuard();
        this.#dead = true;
        this.#ended.resolve();
        resolve({ code, signal });
      });
    });
  }

  #readOutput(child: Spawned): void {
    const flood = { by: 'crash', code: 'output-flood', message: 'it printed without end' } as const;
    const emit = this.#options.onOutput;
    child.stderr.on('data', (bytes: Buffer) => {
      this.#tail = (this.#tail + bytes.toString('latin1')).slice(-TAIL_CHARS);
    });
    const lines = new OutputLines(emit, () => this.#end(flood), this.#options.limits?.output);
    lines.read('stdout', child.stdout);
    lines.read('stderr', child.stderr);
  }

  /** The child goes on record, then it is told what to run. */
  async #begin(pid: number): Promise<void> {
    const options = this.#options;
    this.#timer(HELLO_WITHIN_MS, () => {
      if (this.#started) return;
      this.#end({ by: 'crash', code: 'start-timeout', message: 'the child did not start' });
    });
    const ref = await options.identify(pid);
    if (ref !== null) await options.onStarted(ref);
    await Promise.race([this.#hello.promise, this.#ended.promise]);
    if (this.#ending !== null || this.#dead) return;
    this.#started = true;
    if (ref === null) throw unidentified(pid);
    this.#watchDeadline();
    const { entry } = this.#grants;
    const { job, previous, input, models } = options;
    await this.#pipe.send(FRAME.start, 0, { entry, job, previous, input, models } satisfies Start);
  }

  #watchDeadline(): void {
    const left = this.#options.job.deadline - this.#options.clock.now();
    if (left > TIMER_MAX_MS) this.#timer(TIMER_MAX_MS, () => this.#watchDeadline());
    else this.#timer(Math.max(0, left), () => this.#deadline());
  }

  #deadline(): void {
    if (this.#ending !== null) return;
    this.#ending = { by: 'deadline' };
    this.#giveGrace('deadline', this.#options.limits?.deadlineGraceMs ?? DEADLINE_GRACE_MS);
  }

  #abort(): void {
    if (this.#ending !== null) return;
    const reason = reasonOf(this.#options.signal);
    this.#ending = { by: 'abort', reason };
    this.#giveGrace(reason, this.#options.limits?.abortGraceMs ?? ABORT_GRACE_MS);
  }

  /** Tells the agent to end, and stops waiting for it after `ms`. */
  #giveGrace(reason: string, ms: number): void {
    if (!this.#started) return this.#ended.resolve();
    void this.#pipe.send(FRAME.abort, 0, { reason });
    this.#timer(ms, () => this.#ended.resolve());
  }

  #end(ending: Ending): void {
    // An agent that was told to end and still finished its work did finish it.
    const late = this.#ending?.by === 'abort' && ending.by === 'finish';
    if (this.#ending === null || (late && ending.finish.kind === 'done')) this.#ending = ending;
    this.#ended.resolve();
  }

  #timer(ms: number, act: () => void): void {
    this.#timers.add(setTimeout(act, ms));
  }

  /** SIGKILL to the group, and waits until all of it is gone. */
  async #bury(child: Spawned, exit: Promise<Exit>): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    killGroup(child.pid);
    await exit;
    await groupGone(child.pid, this.#options.clock);
    await outputEnd(child);
    this.#server.abortAll('the child is gone');
    this.#pipe.close();
  }

  #outcome(exit: Exit): ChildOutcome {
    const ending = this.#ending;
    if (ending === null) return crashOutcome(exit, this.#tail, this.#options.memoryMb);
    if (ending.by === 'finish') return finishOutcome(ending.finish, this.#server.refusal);
    if (ending.by === 'abort') return { kind: 'aborted', reason: ending.reason };
    if (ending.by === 'deadline') {
      const { agent } = this.#options.job;
      const message = `${agent} was not done at its deadline`;
      return { kind: 'timeout', error: { code: 'deadline', message } };
    }
    return { kind: 'crashed', error: { code: ending.code, message: ending.message } };
  }
}

/** Output that is still in the pipes of a dead child; what keeps them open longer is let go. */
async function outputEnd(child: Spawned): Promise<void> {
  const open = [child.stdout, child.stderr].filter((stream) => !stream.closed);
  const closed = open.map((stream) => new Promise((resolve) => stream.once('close', resolve)));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, OUTPUT_END_MS)));
  await Promise.race([Promise.all(closed), late]);
  clearTimeout(timer);
  for (const stream of open) stream.destroy();
}

function unidentified(pid: number): NightshiftError {
  return new NightshiftError('child-unidentified', `process ${pid} was started but not found`, {
    at: `process ${pid}`,
    fix: 'the process table must be readable (/proc, hidepid)',
    retryable: true,
  });
}
