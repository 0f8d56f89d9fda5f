import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Clock, STOP_TIMEOUT_MS } from '@nightshift/domain';
import { SUPERVISED, type Supervised } from '../service-process.ts';
import { type ServiceEnd, decideRestart } from './restart-policy.ts';

/** What happens to the services, for whoever shows it. */
export interface SupervisorEvents {
  started?(service: Supervised, pid: number): void;
  /** `restartInMs` is null when it is not started again. */
  ended?(service: Supervised, end: ServiceEnd, restartInMs: number | null): void;
  /** A line a service wrote to stderr. */
  said?(service: Supervised, line: string): void;
}

export interface SupervisorParts {
  start(service: Supervised): ChildProcess;
  readonly clock: Clock;
  readonly events?: SupervisorEvents;
  readonly services?: readonly Supervised[];
  /** From SIGTERM to SIGKILL, ms. */
  readonly stopMs?: number;
}

interface Kept {
  child: ChildProcess | null;
  timer: NodeJS.Timeout | null;
  failures: number;
  gaveUp: boolean;
}

/**
 * Keeps services running: each is started again when it ends, after a growing delay, except when it
 * says (exit 78) that only a person can help. Knows nothing of what they do.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #kept = new Map<Supervised, Kept>();
  readonly #over = Promise.withResolvers<'gave-up' | 'stopped'>();
  #stopping: Promise<void> | null = null;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  /** Resolves when nothing runs any more: after {@link stop}, or when every service gave up. */
  get over(): Promise<'gave-up' | 'stopped'> {
    return this.#over.promise;
  }

  /** Pids of the services that run now. */
  get pids(): ReadonlyMap<Supervised, number> {
    const running = [...this.#kept].flatMap(([name, { child }]) =>
      child?.pid === undefined ? [] : [[name, child.pid] as const],
    );
    return new Map(running);
  }

  /** Starts all services at once. */
  start(): void {
    for (const service of this.#parts.services ?? SUPERVISED) {
      this.#kept.set(service, { child: null, timer: null, failures: 0, gaveUp: false });
      this.#launch(service);
    }
  }

  /** SIGTERM to all, SIGKILL after the stop time. Resolves when all have ended. Legal twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** SIGKILL to all, for a person who asked twice. */
  kill(): void {
    for (const { child } of this.#kept.values()) child?.kill('SIGKILL');
  }

  #launch(service: Supervised): void {
    const kept = this.#kept.get(service)!;
    const bornAt = this.#parts.clock.monotonic();
    const child = this.#parts.start(service);
    kept.timer = null;
    kept.child = child;
    if (child.stderr !== null) {
      const lines = createInterface({ input: child.stderr });
      lines.on('line', (line) => this.#parts.events?.said?.(service, line));
    }
    if (child.pid !== undefined) this.#parts.events?.started?.(service, child.pid);
    let ended = false;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (ended) return;
      ended = true;
      kept.child = null;
      const livedMs = this.#parts.clock.monotonic() - bornAt;
      this.#ended(service, { code, signal, livedMs });
    };
    child.once('close', end);
    // It could not even be started.
    child.once('error', () => end(null, null));
  }

  #ended(service: Supervised, end: ServiceEnd): void {
    const kept = this.#kept.get(service)!;
    const decision = decideRestart(end, kept.failures);
    const again = this.#stopping === null && decision.kind === 'restart';
    this.#parts.events?.ended?.(service, end, again ? decision.delayMs : null);
    if (again) {
      kept.failures = decision.failures;
      kept.timer = setTimeout(() => this.#launch(service), decision.delayMs);
      return;
    }
    kept.gaveUp = true;
    const allOver = [...this.#kept.values()].every((it) => it.gaveUp);
    if (allOver) this.#over.resolve(this.#stopping === null ? 'gave-up' : 'stopped');
  }

  async #stopAll(): Promise<void> {
    const stopMs = this.#parts.stopMs ?? STOP_TIMEOUT_MS;
    let running = 0;
    for (const kept of this.#kept.values()) {
      if (kept.timer !== null) clearTimeout(kept.timer);
      if (kept.child === null) kept.gaveUp = true;
      else running++;
      kept.child?.kill('SIGTERM');
    }
    if (running === 0) this.#over.resolve('stopped');
    const timer = setTimeout(() => this.kill(), stopMs);
    await this.#over.promise;
    clearTimeout(timer);
  }
}
