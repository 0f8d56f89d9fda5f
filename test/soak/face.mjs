import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { AHEAD_MS, FACE_BYTES, at, machineMs } from './clock.mjs';

/** The hand that moves the clock. One process has it. */
export class Face {
  #file;
  #segments;
  #number = 0;

  /** Makes a face that stands at `wall` (epoch ms) and goes `rate` times as fast as the machine. */
  static create(path, wall, rate) {
    writeFileSync(path, ' '.repeat(FACE_BYTES));
    const start = { from: machineMs(), wall, mono: 1_000_000, rate };
    return new Face(path, [start, start]);
  }

  constructor(path, segments) {
    this.path = path;
    this.#file = openSync(path, 'r+');
    this.#segments = segments;
    this.#write();
  }

  now() {
    return at(this.#segments, machineMs()).wall;
  }

  monotonic() {
    return at(this.#segments, machineMs()).mono;
  }

  get rate() {
    return this.#segments[1].rate;
  }

  setRate(rate) {
    if (rate !== this.rate) this.#change({ rate });
  }

  /** Time passes at once: both clocks. */
  leap(ms) {
    this.#change({ wall: ms, mono: ms });
  }

  /** Somebody sets the wall clock: the monotonic one goes on. */
  step(ms) {
    this.#change({ wall: ms });
  }

  close() {
    closeSync(this.#file);
  }

  #change({ wall = 0, mono = 0, rate = this.rate }) {
    // One change at a time: the one before must hold already.
    while (machineMs() < this.#segments[1].from);
    const from = machineMs() + AHEAD_MS;
    const then = at(this.#segments, from);
    const next = { from, wall: then.wall + wall, mono: then.mono + mono, rate };
    this.#segments = [this.#segments[1], next];
    this.#write();
  }

  #write() {
    const begin = (this.#number += 1);
    const text = JSON.stringify({ begin, segments: this.#segments, end: begin });
    writeSync(this.#file, text.padEnd(FACE_BYTES), 0, 'latin1');
  }
}
