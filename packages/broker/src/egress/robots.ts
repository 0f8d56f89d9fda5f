import { type Clock, errorFacts, RefusedError } from '@nightshift/domain';
import robotsParser, { type Robot } from 'robots-parser';
import type { Landed } from './hop.ts';
import type { EgressLimits } from './limits.ts';

// A CommonJS package whose types claim an ES default export.
const parse = robotsParser as unknown as typeof robotsParser.default;

/** What robots.txt says about a URL. */
export type RobotsWord =
  | { readonly kind: 'allowed'; readonly crawlDelayMs: number }
  | { readonly kind: 'disallowed' }
  /** Nobody could say: everything is disallowed until then, epoch ms. */
  | { readonly kind: 'unknown'; readonly until: number };

/** Fetches robots.txt of an origin, following redirects; throws when it cannot be reached. */
export type FetchRobots = (url: URL) => Promise<Landed>;

type Rules =
  | { readonly kind: 'robot'; readonly robot: Robot; readonly until: number }
  | { readonly kind: 'open'; readonly until: number }
  | { readonly kind: 'closed'; readonly until: number };

/** The product token that groups in robots.txt are matched against. */
const PRODUCT = 'nightshift';
const MAX_ORIGINS = 500;

/**
 * robots.txt by RFC 9309: a 4xx means that there are no rules; a 5xx, or nothing at all, means that
 * everything is disallowed, for a while and not for ever. A 429 is not "no rules": the host asked to
 * be left alone, so it is held like an unreachable one.
 */
export class Robots {
  readonly #rules = new Map<string, Promise<Rules>>();
  readonly #limits: EgressLimits;
  readonly #clock: Clock;

  constructor(limits: EgressLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  async ask(url: URL, fetch: FetchRobots): Promise<RobotsWord> {
    const rules = await this.#rulesOf(url, fetch);
    if (rules.kind === 'closed') return { kind: 'unknown', until: rules.until };
    if (rules.kind === 'open') return { kind: 'allowed', crawlDelayMs: 0 };
    if (rules.robot.isAllowed(url.href, PRODUCT) === false) return { kind: 'disallowed' };
    const delayMs = Math.ceil((rules.robot.getCrawlDelay(PRODUCT) ?? 0) * 1_000);
    return { kind: 'allowed', crawlDelayMs: Math.min(delayMs, this.#limits.crawlDelayMaxMs) };
  }

  async #rulesOf(url: URL, fetch: FetchRobots): Promise<Rules> {
    const { origin } = url;
    const known = await this.#rules.get(origin);
    if (known !== undefined && known.until > this.#clock.now()) return known;
    const asked = this.#fetch(new URL('/robots.txt', origin), fetch);
    this.#rules.delete(origin);
    this.#rules.set(origin, asked);
    const [oldest] = this.#rules.keys();
    if (this.#rules.size > MAX_ORIGINS && oldest !== undefined) this.#rules.delete(oldest);
    return asked;
  }

  async #fetch(url: URL, fetch: FetchRobots): Promise<Rules> {
    const { robotsMs, robotsRetryMs } = this.#limits;
    const closed = (): Rules => ({ kind: 'closed', until: this.#clock.now() + robotsRetryMs });
    try {
      const { status, body } = await fetch(url);
      const until = this.#clock.now() + robotsMs;
      if (status >= 200 && status < 300) {
        const robot = parse(url.href, Buffer.from(body).toString('utf8'));
        return { kind: 'robot', robot, until };
      }
      // More redirects than are followed: unavailable, as RFC 9309, 2.3.1.2 allows.
      if (status >= 300 && status < 400) return { kind: 'open', until };
      if (status >= 500 || status === 429) return closed();
      return { kind: 'open', until };
    } catch (thrown) {
      // A gate's no, or an abort, is this caller's own affair and says nothing about the host.
      const own = thrown instanceof RefusedError || errorFacts(thrown).code === 'fetch-aborted';
      if (!own) return closed();
      this.#rules.delete(url.origin);
      throw thrown;
    }
  }
}
