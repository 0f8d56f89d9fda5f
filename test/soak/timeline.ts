import { appendFileSync } from 'node:fs';
import { machineMs } from './clock.mjs';

/** The time of a run: the shared clock of a soak, the machine's in a chaos. */
export interface RunClock {
  now(): number;
  monotonic(): number;
}

/** What the run did to the services, in order: one JSON line each. The referee reads it. */
export class Timeline {
  readonly #file: string;
  readonly #clock: RunClock;
  readonly #startedMs = machineMs();
  readonly counts: Record<string, number> = {};

  constructor(file: string, clock: RunClock) {
    this.#file = file;
    this.#clock = clock;
  }

  /** Notes that `kind` happened now. Signals, and what a storm does, are counted by name. */
  note(kind: string, data: Readonly<Record<string, unknown>> = {}): void {
    const what = { happens: data['what'], signal: data['signal'] }[kind];
    const name = typeof what === 'string' ? what : kind;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    const line = {
      at: Math.floor(this.#clock.now()),
      mono: Math.floor(this.#clock.monotonic()),
      machineMs: Math.round(machineMs() - this.#startedMs),
      kind,
      ...data,
    };
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}
