import type { ControlStore, Finding, Incident, WatchStore } from '@nightshift/domain';
import type { StopFile } from '@nightshift/lifecycle';
import { watchdogError } from '@nightshift/alerts';

/** Under this name the watchdog remembers which troubles it has stopped something for. */
const BRAKED = 'braked';
const ACTOR = { kind: 'service', name: 'watchdog' } as const;

export interface BrakeOptions {
  readonly store: Pick<WatchStore, 'remember' | 'recall'>;
  readonly stopFile: Pick<StopFile, 'write'>;
  /** Null while the shared database cannot be opened. */
  readonly control: () => Promise<Pick<ControlStore, 'halt' | 'pauseAgent'> | null>;
  readonly now: () => number;
}

/**
 * Halts, or pauses an agent, where a rule about money was set to. Once for each incident: whoever
 * resumes while it is still open is not stopped again for the same thing. An act that fails is
 * tried again at the next tick.
 */
export class Brake {
  readonly #options: BrakeOptions;
  #braked: ReadonlySet<string> | null = null;

  constructor(options: BrakeOptions) {
    this.#options = options;
  }

  /** @returns what was stopped, and what could not be. */
  async step(findings: readonly Finding[], live: readonly Incident[]): Promise<readonly Finding[]> {
    const before = (this.#braked ??= await this.#recall());
    const asked = findings.filter((it) => it.brake !== undefined);
    const lasting = new Set([...live, ...asked].map((it) => it.key));
    const braked = new Set([...before].filter((key) => lasting.has(key)));
    const out: Finding[] = [];
    for (const finding of asked.filter((it) => !braked.has(it.key))) {
      try {
        out.push(await this.#stop(finding));
        braked.add(finding.key);
      } catch (error) {
        out.push(watchdogError('brake', error));
      }
    }
    if (braked.size !== before.size || out.length > 0) {
      await this.#options.store.remember(BRAKED, JSON.stringify([...braked]));
    }
    this.#braked = braked;
    return out;
  }

  async #stop(finding: Finding): Promise<Finding> {
    const { brake } = finding;
    const reason = `${finding.rule}: ${finding.title}`;
    if (brake === 'all' || brake === undefined) await this.#halt(reason);
    else await this.#pause(brake.agent);
    const what = brake === 'all' || brake === undefined ? 'everything' : `agent ${brake.agent}`;
    return {
      rule: 'halted-by-rule',
      key: `halted-by-rule:${finding.key}`,
      severity: 'page',
      title: brake === 'all' ? 'A rule halted everything' : `A rule paused ${what}`,
      detail: `${reason}. ${finding.detail}`,
      once: true,
    };
  }

  /** As the command: the file first, then the row, and either is enough. */
  async #halt(reason: string): Promise<void> {
    const who = `${ACTOR.kind}:${ACTOR.name}`;
    const failures: unknown[] = [];
    try {
      this.#options.stopFile.write({ reason, who, at: this.#options.now() });
    } catch (error) {
      failures.push(error);
    }
    try {
      const control = await this.#options.control();
      if (control === null) throw new Error('the database cannot be opened');
      await control.halt(reason, ACTOR);
    } catch (error) {
      failures.push(error);
    }
    if (failures.length === 2) throw failures[0];
  }

  async #pause(agent: string): Promise<void> {
    const control = await this.#options.control();
    if (control === null) throw new Error('the database cannot be opened');
    await control.pauseAgent(agent, ACTOR);
  }

  async #recall(): Promise<ReadonlySet<string>> {
    const text = await this.#options.store.recall(BRAKED);
    return new Set(text === null ? [] : (JSON.parse(text) as string[]));
  }
}
