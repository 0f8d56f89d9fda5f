import { errorFacts, type Principal, type Refusal, type RefusalReason } from '@nightshift/domain';
import type { BrokerLog } from './options.ts';

/** An attempt to reach something that the agent was never given. */
export interface Denial {
  readonly job: string;
  readonly attempt: number;
  readonly agent: string;
  readonly reason: RefusalReason;
  readonly message: string;
  /** How often the agent has tried anything of the kind in this job, this time included. */
  readonly count: number;
}

/**
 * Refusals that say something about the agent: it reached for what it was not given. A cap, a halt
 * or a robots.txt says nothing about its intent.
 */
const TELLING: ReadonlySet<RefusalReason> = new Set([
  'host-denied',
  'request-denied',
  'endpoint-unknown',
  'model-unknown',
]);

/** More jobs than run at once; of the one that was quiet for longest the count starts again. */
const MAX_JOBS = 1_000;

/**
 * Counts denied attempts by job and reason. The first is told at once, then the second, the fifth,
 * the tenth, and so on, so that an agent in a loop makes a handful of events and not a million.
 */
export class Denials {
  readonly #counts = new Map<string, number>();
  readonly #tell: (denial: Denial) => Promise<void>;
  readonly #log: BrokerLog;

  constructor(tell: ((denial: Denial) => Promise<void>) | undefined, log: BrokerLog) {
    this.#tell = tell ?? (async () => undefined);
    this.#log = log;
  }

  /** Never throws: the refusal is what counts, and it stands whether or not it could be told. */
  async note(who: Principal, { reason, message }: Refusal): Promise<void> {
    if (!TELLING.has(reason)) return;
    const count = this.#count(`${who.job} ${reason}`);
    if (!/^[125]0*$/.test(String(count))) return;
    const { job, attempt, agent } = who;
    const denial: Denial = { job, attempt, agent, reason, message, count };
    this.#log('warn', 'egress denied', { job, attempt, agent, reason, why: message, count });
    try {
      await this.#tell(denial);
    } catch (thrown) {
      this.#log('error', 'a denial was not recorded', { job, error: errorFacts(thrown).code });
    }
  }

  #count(key: string): number {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.delete(key);
    this.#counts.set(key, count);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > MAX_JOBS && oldest !== undefined) this.#counts.delete(oldest);
    return count;
  }
}
