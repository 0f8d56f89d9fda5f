import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { machineMs, machineSleep } from './clock.mjs';
import type { Face } from './face.mjs';
import { type Fleet, SERVICES, type Service } from './fleet.ts';
import type { Installation } from './installation.ts';

/**
 * One leap at most: well below a tick of the watchdog, so that nobody believes the machine slept.
 */
const LEAP_MS = 20_000;
/** While work is under way that does not move, such as a provider that hangs. */
const SMALL_LEAP_MS = 5_000;
/** Work that has not moved for so long is waiting for time to pass, ms of the machine. */
const STILL_MS = 3_000;
/** A service that has not beaten by then is not booting any more, ms of the machine. */
const BOOT_MAX_MS = 60_000;

/**
 * How fast the clock goes while a service boots, and while work moves. A child that starts has 20 s
 * to say hello and a probe of the sandbox 30 s, on a machine that may be busy with something else.
 */
export const BOOT_RATE = 2;
const WORK_RATE = 5;

interface Activity {
  readonly running: number;
  readonly ready: number;
  readonly moved: string;
  readonly beating: string | null;
}

/**
 * Lets time go. While processes start or work moves, the clock goes at its slow rate; while nothing
 * does, it leaps. So a night is as long as what happens in it.
 */
export class Pacer {
  readonly #parts: { face: Face; installation: Installation; fleet: Fleet; factor: number };
  #watch: DatabaseSync | null = null;
  #moved = '';
  #movedMs = 0;
  #over = false;
  /** No leap goes beyond this moment. */
  until = Number.POSITIVE_INFINITY;
  /** Services that were stopped on purpose: nobody waits for them. */
  readonly stopped = new Set<Service>();
  /** Leaps are held back, e.g. while a command runs. */
  held = 0;

  constructor(parts: { face: Face; installation: Installation; fleet: Fleet; factor: number }) {
    this.#parts = parts;
  }

  /** Goes on until {@link end}. */
  async run(): Promise<void> {
    const { face, factor } = this.#parts;
    while (!this.#over) {
      const leap = this.held > 0 ? 0 : Math.min(this.#leap(), this.until - face.now());
      if (leap >= 1) face.leap(leap);
      await machineSleep(Math.max(5, (Math.max(leap, SMALL_LEAP_MS) / factor) | 0));
    }
    this.#watch?.close();
  }

  end(): void {
    this.#over = true;
  }

  /** Nothing runs, nothing waits for its turn. */
  isIdle(): boolean {
    const { running, ready } = this.#look();
    return running === 0 && ready === 0;
  }

  /** Every service that should be up beats. */
  allUp(): boolean {
    return !this.#booting(this.#look());
  }

  #leap(): number {
    const seen = this.#look();
    if (seen.moved !== this.#moved) {
      this.#moved = seen.moved;
      this.#movedMs = machineMs();
    }
    const booting = this.#booting(seen);
    this.#parts.face.setRate(booting ? BOOT_RATE : WORK_RATE);
    if (booting || this.#sending()) return 0;
    if (seen.running + seen.ready === 0) return LEAP_MS;
    return machineMs() - this.#movedMs > STILL_MS ? SMALL_LEAP_MS : 0;
  }

  #booting({ beating }: Activity): boolean {
    const { fleet } = this.#parts;
    const pids = new Set((beating ?? '').split(','));
    return SERVICES.some((service) => {
      if (this.stopped.has(service)) return false;
      const pid = fleet.pid(service);
      return pid === null || (!pids.has(String(pid)) && fleet.upMs(service) < BOOT_MAX_MS);
    });
  }

  /** A message on its way must not meet its time limit because the clock leapt. */
  #sending(): boolean {
    const { installation } = this.#parts;
    this.#watch ??= new DatabaseSync(path.join(installation.stateDir, 'watchdog.db'), {
      readOnly: true,
      timeout: 2_000,
    });
    const sql = "SELECT count(*) AS n FROM deliveries WHERE state = 'sending'";
    const { n } = this.#watch.prepare(sql).get() as { n: number };
    return n > 0 && !this.stopped.has('watchdog');
  }

  #look(): Activity {
    return this.#parts.installation.one(`
      SELECT running, ready, beating,
             running || ' ' || ready || ' ' || (SELECT count(*) FROM attempts) || ' ' ||
             (SELECT count(*) FROM attempts WHERE child_pid IS NOT NULL) || ' ' ||
             (SELECT count(*) FROM spend) || ' ' || (SELECT count(*) FROM steps) AS moved
      FROM (SELECT (SELECT count(*) FROM jobs WHERE state = 'running') AS running,
                   (SELECT count(*) FROM jobs WHERE ready = 1) AS ready,
                   (SELECT group_concat(pid) FROM instances
                    WHERE stopped_at IS NULL AND phase <> 'starting') AS beating)`) as unknown as Activity;
  }
}
