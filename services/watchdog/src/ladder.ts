import {
  uuidv7,
  type Clock,
  type Finding,
  type Instance,
  type Kill,
  type ProcessRef,
  type ServiceName,
  type Times,
  type WatchStore,
} from '@nightshift/domain';
import type { Log, Processes } from '@nightshift/lifecycle';
import { isUnavailable, type Observation, type Sight } from '@nightshift/alerts';
import { ladderFindings } from './ladder-findings.ts';
import {
  FORBIDDEN_MS,
  KILL_SPAN_MS,
  planLadder,
  type LadderStep,
  type Proof,
} from './ladder-plan.ts';

/** Whom it kills, in this order; never itself. */
export const KILLABLE: readonly ServiceName[] = ['worker', 'run', 'scheduler'];

/** Rules whose finding is a reason to kill the service that its key names. */
const REASONS: ReadonlySet<string> = new Set(['service-silent', 'worker-wedged']);

/** Beats of a new life that prove a loop that goes round. */
const BEATS_OF_LIFE = 2;

export interface LadderOptions {
  readonly store: Pick<
    WatchStore,
    'activeKill' | 'killsSince' | 'saveKill' | 'remember' | 'recall'
  >;
  readonly processes: Pick<Processes, 'liveness' | 'isStopped' | 'signal' | 'host'>;
  readonly clock: Clock;
  readonly times: Times;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** The services as they are now, read again directly before a kill is decided. */
  readonly reread: () => Promise<readonly Instance[]>;
}

/**
 * Ends a service that is wedged, and makes sure that another one lives. Each step is written before
 * it is done, so that a watchdog that dies in between goes on where it was. It signals only what it
 * can prove to be the recorded process, and one service at a time: while somebody who is stopped
 * holds the write lock, all others are silent too, and well again as soon as that one is dead.
 */
export class Ladder {
  readonly #options: LadderOptions;
  /** Since when, by the monotonic clock, each kill has been in its state. */
  readonly #since = new Map<string, { readonly step: string; readonly at: number }>();
  #lastDeathAt = Number.NEGATIVE_INFINITY;

  constructor(options: LadderOptions) {
    this.#options = options;
  }

  /** One pass over all services. @returns what a person has to know. */
  async step(
    sight: Sight,
    findings: readonly Finding[],
    observation: Observation,
  ): Promise<readonly Finding[]> {
    const out: Finding[] = [];
    for (const service of KILLABLE) {
      const suspect = findings.find((it) => REASONS.has(it.rule) && it.key.endsWith(`:${service}`));
      out.push(...(await this.#climb(service, { sight, suspect: suspect ?? null, observation })));
    }
    return out;
  }

  /** Steps that follow from one another without waiting (intent, TERM) are one pass. */
  async #climb(service: ServiceName, seen: Seen): Promise<readonly Finding[]> {
    // The rule, and what keeps an idle watchdog cheap: nothing is wrong, and nothing is under way.
    if (seen.suspect === null && (await this.#options.store.activeKill(service)) === null) {
      return [];
    }
    for (let steps = 0; steps < 4; steps++) {
      const view = await this.#view(service, seen);
      const step = planLadder(view, this.#options.times);
      const moved = await this.#act(step, view);
      if (!moved) {
        const last = view.recent.at(-1) ?? null;
        return ladderFindings(service, step, { suspect: view.suspect, life: view.life, last });
      }
    }
    return [];
  }

  async #view(service: ServiceName, seen: Seen): Promise<View> {
    const { store, clock } = this.#options;
    const kill = await store.activeKill(service);
    const since = await store.killsSince(clock.now() - 24 * 3_600_000);
    const recent = since.filter((it) => it.service === service);
    const life = lifeOf(seen.sight, service);
    const ref = kill === null ? life : await this.#refOf(kill, life);
    const watched = seen.observation.services[service];
    const lives = watched !== undefined && watched.instance === life?.id;
    const beats = lives && life.stoppedAt === null ? watched.beats : 0;
    return {
      service,
      life,
      ref,
      recent,
      suspect: seen.suspect,
      kill,
      proof: kill === null && life === null ? 'nobody' : this.#prove(ref),
      otherBoot: this.#isOfOtherBoot(ref),
      inStateMs: this.#inStateMs(kill),
      recentKills: recent.filter(
        (it) => it.intendedAt > clock.now() - KILL_SPAN_MS && it.state !== 'identity-mismatch',
      ).length,
      forbidden: recent.some(
        (it) =>
          it.state === 'identity-mismatch' &&
          it.instance === life?.id &&
          it.intendedAt > clock.now() - FORBIDDEN_MS,
      ),
      otherFirst: await this.#othersFirst(service, seen.sight),
      revived: kill !== null && life?.id === kill.instance && beats > 0,
      // Nobody has to follow a bounded run: its end is all that was wanted.
      successor:
        kill !== null &&
        (service === 'run' || (life?.id !== kill.instance && beats >= BEATS_OF_LIFE)),
      sighted: !isUnavailable(seen.sight),
    };
  }

  /** @returns true when the state changed, so that the next step may follow at once. */
  async #act(step: LadderStep, view: View): Promise<boolean> {
    switch (step.do) {
      case 'intend':
        return this.#intend(view);
      case 'term':
      case 'kill':
        return this.#signal(step.do, view);
      case 'end':
        return this.#end(step.as, view);
      case 'mismatch':
        if (view.kill !== null) await this.#save({ ...view.kill, state: 'identity-mismatch' });
        return false;
      default:
        return false;
    }
  }

  async #intend(view: View): Promise<boolean> {
    const { clock, store, log } = this.#options;
    const { life, suspect, service } = view;
    if (life === null || suspect === null || !(await this.#isStillStuck(life, suspect))) {
      return false;
    }
    const id = uuidv7(clock);
    // The row names the pid alone; without the rest of the identity nothing could be proven later.
    await store.remember(refName(service), JSON.stringify({ kill: id, ref: refOf(life) }));
    await this.#save({
      id,
      instance: life.id,
      service,
      pid: life.pid,
      reason: `${suspect.title}: ${suspect.detail}`,
      state: 'intended',
      intendedAt: clock.now(),
      termAt: null,
      killAt: null,
      deadAt: null,
      recoveredAt: null,
    });
    log.warn('kill-intended', suspect.title, { target: life.id, pid: life.pid, kill: id });
    return true;
  }

  async #signal(how: 'term' | 'kill', view: View): Promise<boolean> {
    const { processes, clock, log } = this.#options;
    const { kill, ref } = view;
    if (kill === null || ref === null) return false;
    const signal = how === 'term' ? 'SIGTERM' : 'SIGKILL';
    const outcome = processes.signal(ref, signal);
    log.warn('signalled', `${signal} to ${kill.service}`, {
      pid: kill.pid,
      outcome,
      kill: kill.id,
    });
    if (outcome === 'refused') {
      await this.#save({ ...kill, state: 'identity-mismatch' });
      return false;
    }
    const at = clock.now();
    const times = how === 'term' ? { termAt: at } : { killAt: at };
    await this.#save({ ...kill, state: how, ...times });
    return true;
  }

  async #end(as: 'dead' | 'recovered' | 'failed', view: View): Promise<boolean> {
    const { kill } = view;
    if (kill === null) return false;
    const { clock, log } = this.#options;
    if (as === 'dead') this.#lastDeathAt = clock.monotonic();
    const now = clock.now();
    const times = as === 'dead' ? { deadAt: now } : as === 'recovered' ? { recoveredAt: now } : {};
    await this.#save({ ...kill, state: as, ...times });
    log.warn(`kill-${as}`, `${kill.service}: ${as}`, { pid: kill.pid, kill: kill.id });
    return true;
  }

  /** Read again, because seconds may have passed since the facts: does the counter still stand? */
  async #isStillStuck(life: Instance, suspect: Finding): Promise<boolean> {
    const lives = await this.#options.reread();
    const now = lives.find((it) => it.id === life.id);
    if (now === undefined || now.stoppedAt !== null) return false;
    if (suspect.rule === 'worker-wedged') return now.progressSeq === life.progressSeq;
    return now.loopSeq === life.loopSeq;
  }

  async #othersFirst(service: ServiceName, sight: Sight): Promise<boolean> {
    const { store, clock, times } = this.#options;
    if (clock.monotonic() - this.#lastDeathAt < times.silentMs) return true;
    const isStopped = await this.#isStopped(service, sight);
    for (const other of KILLABLE) {
      if (other === service) continue;
      const kill = await store.activeKill(other);
      if (kill !== null && kill.state !== 'dead') return true;
      if (!isStopped && (await this.#isStopped(other, sight))) return true;
    }
    return false;
  }

  /** Whether its process is stopped, and it was not tried to kill it for that already. */
  async #isStopped(service: ServiceName, sight: Sight): Promise<boolean> {
    const { clock, processes, store } = this.#options;
    const life = lifeOf(sight, service);
    if (life === null || life.stoppedAt !== null || !processes.isStopped(refOf(life))) return false;
    const kills = await store.killsSince(clock.now() - KILL_SPAN_MS);
    return !kills.some((it) => it.instance === life.id);
  }

  async #refOf(kill: Kill, life: Instance | null): Promise<ProcessRef | null> {
    if (life?.id === kill.instance) return refOf(life);
    const text = await this.#options.store.recall(refName(kill.service));
    const kept = text === null ? null : (JSON.parse(text) as { kill: string; ref: ProcessRef });
    return kept?.kill === kill.id ? kept.ref : null;
  }

  #prove(ref: ProcessRef | null): Proof {
    if (ref === null) return 'unknown';
    return this.#options.processes.liveness(ref);
  }

  #isOfOtherBoot(ref: ProcessRef | null): boolean {
    const host = this.#options.processes.host();
    return ref !== null && host !== null && ref.bootId !== host.bootId;
  }

  #inStateMs(kill: Kill | null): number {
    if (kill === null) return 0;
    const now = this.#options.clock.monotonic();
    const known = this.#since.get(kill.service);
    const step = `${kill.id}:${kill.state}`;
    if (known?.step === step) return now - known.at;
    this.#since.set(kill.service, { step, at: now });
    return 0;
  }

  async #save(kill: Kill): Promise<void> {
    await this.#options.store.saveKill(kill);
  }
}

interface Seen {
  readonly sight: Sight;
  readonly suspect: Finding | null;
  readonly observation: Observation;
}

type View = Parameters<typeof planLadder>[0] & {
  readonly service: ServiceName;
  readonly life: Instance | null;
  readonly ref: ProcessRef | null;
  readonly recent: readonly Kill[];
};

function lifeOf(sight: Sight, service: ServiceName): Instance | null {
  if (isUnavailable(sight)) return null;
  return sight.instances.find((it) => it.service === service) ?? null;
}

function refOf(life: ProcessRef): ProcessRef {
  const { pid, startTicks, bootId, pidNamespace } = life;
  return { pid, startTicks, bootId, pidNamespace };
}

function refName(service: string): string {
  return `kill-ref:${service}`;
}
