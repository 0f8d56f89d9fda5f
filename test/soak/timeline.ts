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

  /** Notes that `kind` happened now. */
  note(kind: string, data: object = {}): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
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
