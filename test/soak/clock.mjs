/*
 * One clock for many processes, which a test moves.
 *
 * Its face is a small file: two segments, each "from this moment of the machine's monotonic clock
 * on, the time is so much and goes so fast". Every process reads the file whenever it asks for the
 * time, so a change is everybody's at the same moment; a change is written a moment ahead, so that
 * nobody has read a later time by the old rule. Time leaps while nothing happens and goes slowly
 * while processes work, because a process that starts takes as long as it takes.
 *
 * Preloaded (`--import file:///.../clock.mjs?face=FILE`), it replaces `Date`, `performance.now`,
 * the timers (also those of `node:timers/promises`) and `AbortSignal.timeout`. A process that may
 * not read the face (a probe of the sandbox) keeps the machine's time. Not replaced:
 * `process.hrtime`, timers inside Node (sockets), the waiting of SQLite.
 *
 * Imported without a face it only exports. One file, because a sandboxed child may read no other.
 */
import { openSync, readSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import promises from 'node:timers/promises';

export const FACE_BYTES = 512;
/** A change holds from this far ahead, ms of the machine. */
export const AHEAD_MS = 3;
/** How often a process looks whether its timers are due by a new rule, ms of the machine. */
const LOOK_MS = 5;
const TIMER_MAX_MS = 0x7fff_ffff;

const hrtime = process.hrtime.bigint.bind(process.hrtime);
const native = {
  setTimeout: timers.setTimeout,
  clearTimeout: timers.clearTimeout,
  setInterval: timers.setInterval,
};

/** The machine's monotonic clock, ms: the same for all processes since its boot. */
export function machineMs() {
  return Number(hrtime()) / 1e6;
}

/** Waits by the machine's clock, whatever this process believes of time. */
export function machineSleep(ms) {
  return new Promise((resolve) => native.setTimeout(resolve, ms));
}

/** What a face shows at a moment of the machine. */
export function at(segments, ms) {
  const segment = ms >= segments[1].from ? segments[1] : segments[0];
  const passed = (ms - segment.from) * segment.rate;
  return { wall: segment.wall + passed, mono: segment.mono + passed, rate: segment.rate };
}

/** The face as others read it. */
class Reader {
  #file;
  #seen = Buffer.alloc(FACE_BYTES);
  #bytes = Buffer.alloc(FACE_BYTES);
  #segments = [];
  #most = 0;
  changes = 0;

  constructor(path) {
    this.#file = openSync(path, 'r');
    this.look();
  }

  look() {
    for (;;) {
      readSync(this.#file, this.#bytes, 0, FACE_BYTES, 0);
      if (this.#bytes.equals(this.#seen)) return;
      const face = parse(this.#bytes.toString('latin1'));
      // Read while it was written: the same number stands at both ends of a whole one.
      if (face === undefined) continue;
      this.#bytes.copy(this.#seen);
      this.#segments = face;
      this.changes += 1;
      return;
    }
  }

  now() {
    this.look();
    return at(this.#segments, machineMs());
  }

  /** Never goes back, not even by what two processes differ. */
  mono() {
    this.#most = Math.max(this.#most, this.now().mono);
    return this.#most;
  }
}

function parse(text) {
  try {
    const face = JSON.parse(text);
    return face.begin === face.end ? face.segments : undefined;
  } catch {
    return undefined;
  }
}

/** A timer by the shared clock; looks like Node's. */
class SharedTimeout {
  #clock;
  #act;
  #args;
  #delay;
  #repeats;
  #due = 0;
  #native;
  #refed = true;

  constructor(clock, act, delay, repeats, args) {
    const ms = Number(delay);
    this.#clock = clock;
    this.#act = act;
    this.#args = args;
    this.#delay = ms >= 1 && ms <= TIMER_MAX_MS ? ms : 1;
    this.#repeats = repeats;
    this.refresh();
  }

  refresh() {
    this.#due = this.#clock.reader.mono() + this.#delay;
    this.#clock.active.add(this);
    this.arm();
    return this;
  }

  /** Sets the machine's timer anew by the rule that holds now. */
  arm() {
    native.clearTimeout(this.#native);
    const { mono, rate } = this.#clock.reader.now();
    const left = Math.min(TIMER_MAX_MS, Math.max(0, (this.#due - mono) / rate));
    this.#native = native.setTimeout(() => this.#fire(), left);
    if (!this.#refed) this.#native.unref();
  }

  #fire() {
    if (this.#clock.reader.mono() < this.#due - 0.5) return this.arm();
    if (this.#repeats) this.refresh();
    else this.#clock.active.delete(this);
    this.#act(...this.#args);
  }

  close() {
    native.clearTimeout(this.#native);
    this.#clock.active.delete(this);
    return this;
  }

  ref() {
    this.#refed = true;
    this.#native.ref();
    return this;
  }

  unref() {
    this.#refed = false;
    this.#native.unref();
    return this;
  }

  hasRef() {
    return this.#refed;
  }

  [Symbol.dispose]() {
    this.close();
  }
}

function clear(timer) {
  if (timer instanceof SharedTimeout) timer.close();
  else native.clearTimeout(timer);
}

function sharedSleep(clock, ms, value, { signal, ref = true } = {}) {
  return new Promise((resolve, reject) => {
    const aborted = () => new DOMException('The operation was aborted', 'AbortError');
    if (signal?.aborted) return reject(aborted());
    const stop = () => {
      timer.close();
      reject(aborted());
    };
    const done = () => {
      signal?.removeEventListener('abort', stop);
      resolve(value);
    };
    const timer = new SharedTimeout(clock, done, ms, false, []);
    if (!ref) timer.unref();
    signal?.addEventListener('abort', stop, { once: true });
  });
}

function install(reader) {
  const clock = { reader, active: new Set() };
  const set = (act, ms, ...args) => new SharedTimeout(clock, act, ms, false, args);
  const repeat = (act, ms, ...args) => new SharedTimeout(clock, act, ms, true, args);
  for (const target of [globalThis, timers]) {
    Object.assign(target, {
      setTimeout: set,
      setInterval: repeat,
      clearTimeout: clear,
      clearInterval: clear,
    });
  }
  promises.setTimeout = (ms, value, options) => sharedSleep(clock, ms, value, options);
  promises.scheduler.wait = (ms, options) => sharedSleep(clock, ms, undefined, options);
  syncBuiltinESMExports();
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    const message = 'The operation was aborted due to timeout';
    set(() => controller.abort(new DOMException(message, 'TimeoutError')), ms).unref();
    return controller.signal;
  };
  replaceClocks(reader);
  watchFace(clock);
}

function replaceClocks(reader) {
  const RealDate = Date;
  const now = () => Math.floor(reader.now().wall);
  RealDate.now = now;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, as) => Reflect.construct(target, args.length ? args : [now()], as),
    apply: () => new RealDate(now()).toString(),
  });
  Object.defineProperty(performance, 'now', { value: () => reader.mono(), configurable: true });
}

/** Timers follow a change of the face within {@link LOOK_MS}. */
function watchFace(clock) {
  let seen = clock.reader.changes;
  let heldFrom = 0;
  const look = () => {
    clock.reader.look();
    const changed = clock.reader.changes !== seen;
    seen = clock.reader.changes;
    if (changed) heldFrom = machineMs() + 2 * AHEAD_MS;
    // Once more when the change certainly holds: it is written a moment ahead.
    if (!changed && machineMs() > heldFrom + LOOK_MS) return;
    for (const timer of clock.active) timer.arm();
  };
  native.setInterval(look, LOOK_MS).unref();
}

const face = new URL(import.meta.url).searchParams.get('face');
if (face !== null) {
  let reader;
  try {
    reader = new Reader(face);
  } catch (error) {
    if (!['ERR_ACCESS_DENIED', 'ENOENT'].includes(error.code)) throw error;
  }
  if (reader !== undefined) install(reader);
}
