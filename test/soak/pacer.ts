import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { machineMs, machineSleep } from './clock.mjs';
import type { Face } from './face.mjs';
import { type Fleet, SERVICES, type Service } from './fleet.ts';
import type { Installation } from './installation.ts';

/**
 * One leap at most. The watchdog believes that the machine slept when two of its ticks are more
 * than two minutes apart, and begins to watch anew. They are a leap until a beat was seen, and what
 * {@link BEHIND_MS} and one more leap allow: 105 s.
 */
const LEAP_MS = 15_000;
/** While work is under way that does not move, such as a provider that hangs. */
const SMALL_LEAP_MS = 5_000;
/** Work that has not moved for so long is waiting for time to pass, ms of the machine. */
const STILL_MS = 3_000;
/** Then it passes a hundred times as fast: a moment without a turn is no deadline. */
const HANG_EACH_MS = 50;
/** A child that has not started by then does not: what is in its way is not the machine. */
const STARTED_WITHIN_MS = 20_000;
/** A service that has not beaten by then is not booting any more, ms of the machine. */
const BOOT_MAX_MS = 60_000;
/**
 * The clock waits for a service whose loop has not gone round for so long: a beat, and a leap that
 * it may not have seen yet. Otherwise a moment in which the machine has no time for a process would
 * be hours of its clock, and no limit that the product keeps could be told from one it breaks.
 */
const BEHIND_MS = 60_000 + LEAP_MS;
/** Who has not come that far by then is stuck, not slow, ms of the machine. */
const STUCK_MS = 3_000;

/**
 * How fast the clock goes while a service boots, and while work moves. A child that starts has 20 s
 * to say hello and a probe of the sandbox 30 s, on a machine that may be busy with something else.
 */
export const BOOT_RATE = 2;
const WORK_RATE = 5;

const LEAPS: Partial<Record<Mode, number>> = { leap: LEAP_MS, hang: SMALL_LEAP_MS };

/** What the referee has to know of the clock: see `Facts` there. */
export const CLOCK_FACTS = {
  aheadMs: BEHIND_MS + LEAP_MS,
  bootMs: BOOT_MAX_MS * BOOT_RATE,
} as const;

interface Activity {
  readonly running: number;
  /** Of these, attempts whose child has not started. */
  readonly starting: number;
  readonly ready: number;
  readonly moved: string;
  /** `pid:turns,...` of the lives whose boot is over. */
  readonly beating: string | null;
}

/** What the clock does: it waits for a boot, for a message, for who is behind, or for work. */
type Mode = 'boot' | 'send' | 'behind' | 'work' | 'hang' | 'leap' | 'hold';

interface Turn {
  readonly turns: string;
  /** When it was first seen to have made so many, by both clocks. */
  readonly mono: number;
  readonly machineMs: number;
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
  #turns = new Map<string, Turn>();
  readonly #spentMs: Record<Mode, number> = {
    boot: 0,
    send: 0,
    behind: 0,
    work: 0,
    hang: 0,
    leap: 0,
    hold: 0,
  };
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
    let before = machineMs();
    while (!this.#over) {
      const mode = this.held > 0 ? 'hold' : this.#mode();
      const leap = Math.min(LEAPS[mode] ?? 0, this.until - face.now());
      if (leap >= 1) face.leap(leap);
      await machineSleep(mode === 'hang' ? HANG_EACH_MS : Math.max(5, (leap / factor) | 0));
      this.#spentMs[mode] += machineMs() - before;
      before = machineMs();
    }
    this.#watch?.close();
  }

  end(): void {
    this.#over = true;
  }

  /** How long the clock did what, seconds of the machine. */
  get seconds(): Readonly<Record<string, number>> {
    const spent = Object.entries(this.#spentMs);
    return Object.fromEntries(spent.map(([mode, ms]) => [mode, Math.round(ms / 1_000)]));
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

  /** The boot of this life is over, by its row. */
  isUp(service: Service): boolean {
    return this.#lives(this.#look()).has(String(this.#parts.fleet.pid(service)));
  }

  #lives({ beating }: Activity): Map<string, string> {
    const lives = (beating ?? '').split(',');
    return new Map(lives.map((it) => it.split(':') as [string, string]));
  }

  #mode(): Mode {
    const seen = this.#look();
    if (seen.moved !== this.#moved) {
      this.#moved = seen.moved;
      this.#movedMs = machineMs();
    }
    const booting = this.#booting(seen);
    this.#parts.face.setRate(booting ? BOOT_RATE : WORK_RATE);
    if (booting) return 'boot';
    if (this.#sending()) return 'send';
    if (this.#behind(seen)) return 'behind';
    if (seen.running + seen.ready === 0) return 'leap';
    const stillMs = machineMs() - this.#movedMs;
    return stillMs > (seen.starting > 0 ? STARTED_WITHIN_MS : STILL_MS) ? 'hang' : 'work';
  }

  /** Somebody who should be up has not gone round since the last leaps, and may be about to. */
  #behind(activity: Activity): boolean {
    const [mono, now] = [this.#parts.face.monotonic(), machineMs()];
    const lives = this.#lives(activity);
    const seen = new Map<string, Turn>();
    for (const service of SERVICES) {
      const pid = String(this.#parts.fleet.pid(service));
      const turns = lives.get(pid);
      if (turns === undefined || this.stopped.has(service)) continue;
      const known = this.#turns.get(pid);
      seen.set(pid, known?.turns === turns ? known : { turns, mono, machineMs: now });
    }
    this.#turns = seen;
    return [...seen.values()].some(
      (it) => mono - it.mono > BEHIND_MS && now - it.machineMs < STUCK_MS,
    );
  }

  #booting(activity: Activity): boolean {
    const { fleet } = this.#parts;
    const pids = this.#lives(activity);
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
      SELECT running, ready, starting, beating,
             running || ' ' || ready || ' ' || (SELECT count(*) FROM attempts) || ' ' ||
             (SELECT count(*) FROM attempts WHERE child_pid IS NOT NULL) || ' ' ||
             (SELECT count(*) FROM spend) || ' ' || (SELECT count(*) FROM steps) AS moved
      FROM (SELECT (SELECT count(*) FROM jobs WHERE state = 'running') AS running,
                   (SELECT count(*) FROM jobs WHERE ready = 1) AS ready,
                   (SELECT count(*) FROM attempts
                    WHERE ended_at IS NULL AND child_pid IS NULL) AS starting,
                   (SELECT group_concat(pid || ':' || loop_seq) FROM instances
                    WHERE stopped_at IS NULL AND phase <> 'starting') AS beating)`) as unknown as Activity;
  }
}
