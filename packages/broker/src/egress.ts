import {
  NightshiftError,
  RefusedError,
  type AllowSettings,
  type Clock,
  type EndpointSettings,
  type HttpRequest,
  type HttpResponse,
} from '@nightshift/domain';
import { bytesOnce } from './body.ts';
import {
  type Address,
  isPublicAddress,
  literalAddress,
  type Resolve,
  systemResolve,
} from './egress/addresses.ts';
import { HostRate } from './egress/host-rate.ts';
import { allowedBy, type Destination, destinationOf, vetted } from './egress/hosts.ts';
import { type Landed, sendHop } from './egress/hop.ts';
import { DEFAULT_EGRESS_LIMITS, type EgressLimits } from './egress/limits.ts';
import { lookUp } from './egress/look-up.ts';
import { isModelHost } from './egress/model-hosts.ts';
import { Robots } from './egress/robots.ts';
import { denied, refuse } from './refusals.ts';
import { retryAfterMs } from './retry-after.ts';
import { isStopped, type StopFile } from './stop-file.ts';

/** What plain fetches need. */
export interface EgressOptions {
  readonly endpoints: readonly EndpointSettings[];
  readonly stopFile: StopFile;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly egress?: Partial<EgressLimits>;
  readonly resolve?: Resolve;
  readonly isPublic?: (address: Address) => boolean;
}

/** One request of one agent, with its list. */
interface Errand {
  readonly agent: string;
  readonly allow: AllowSettings;
  readonly signal: AbortSignal;
}

interface Leg {
  readonly to: Destination;
  readonly method: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Plain fetches. Every hop, also each of a redirect and of robots.txt, passes the same checks from
 * the start: scheme, no model host, the agent's list by name, only then the lookup, then the
 * addresses, then the connection to just those.
 */
export class Egress {
  readonly #options: EgressOptions;
  readonly #limits: EgressLimits;
  readonly #robots: Robots;
  readonly #rate: HostRate;

  constructor(options: EgressOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_EGRESS_LIMITS, ...options.egress };
    this.#robots = new Robots(this.#limits, options.clock);
    this.#rate = new HostRate(options.clock);
  }

  /**
   * The answer is read whole, within the limits of size and time, before any of it is handed on:
   * only then is it known that it keeps them.
   *
   * @throws RefusedError `host-denied`, `robots-denied`, `request-denied`, `rate-limited`, `halted`;
   * NightshiftError `fetch-*` when there is no answer.
   */
  async fetch(request: HttpRequest, errand: Errand): Promise<HttpResponse> {
    const method = request.method.toUpperCase();
    checkMethod(method, request.body, errand.allow);
    let leg: Leg = {
      to: this.#destination(request.url, undefined, errand),
      method,
      body: request.body,
      headers: requestHeaders(request, this.#options.userAgent),
    };
    for (let hops = 0; ; hops++) {
      const landed = await this.#polite(leg, errand);
      const next = redirectOf(leg, landed);
      if (next === null) return response(landed);
      if (hops >= this.#limits.redirects) throw tooManyRedirects(leg.to);
      const to = this.#destination(next.location, leg.to.url, errand);
      leg = { to, method: next.method, body: next.body, headers: leg.headers };
    }
  }

  /** The checks that need no network. A name that is refused here is never resolved. */
  #destination(text: string, base: URL | undefined, { agent, allow }: Errand): Destination {
    const to = destinationOf(text, base);
    if (to === null) throw refuse('host-denied', `${agent} may use http and https only`);
    if (isModelHost(to, this.#options.endpoints)) {
      throw refuse('host-denied', `${to.host} serves models: it is reached as an endpoint or not`);
    }
    if (allowedBy(allow.hosts, to) === null) {
      throw refuse('host-denied', `${agent} may not reach ${to.host}:${to.port}`);
    }
    return to;
  }

  /** One hop by the manners of the web: robots.txt, one at a time, and a pause when asked for it. */
  async #polite(leg: Leg, errand: Errand): Promise<Landed> {
    const { to } = leg;
    const key = `${to.host}:${to.port}`;
    this.#respect(key);
    const word = await this.#robots.ask(to.url, (url) => this.#robotsTxt(url, errand));
    if (word.kind === 'disallowed') {
      throw refuse('robots-denied', `robots.txt of ${to.host} disallows ${to.url.pathname}`);
    }
    if (word.kind === 'unknown') {
      throw refuse('rate-limited', `robots.txt of ${to.host} cannot be read`, word.until);
    }
    const interval = Math.max(this.#limits.intervalMs, word.crawlDelayMs);
    const { bodyBytes } = this.#limits;
    const landed = await this.#queued(key, interval, errand, () =>
      this.#hop(leg, errand, bodyBytes, false),
    );
    const wait = this.#backOffMs(landed);
    if (wait !== null) {
      throw new RefusedError(this.#rate.block(key, this.#options.clock.now() + wait));
    }
    return landed;
  }

  async #queued<T>(
    key: string,
    interval: number,
    { signal }: Errand,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#rate.take(key, interval, signal, () => {
        this.#respect(key);
        return work();
      });
    } catch (thrown) {
      if (!signal.aborted || thrown instanceof NightshiftError) throw thrown;
      throw new NightshiftError('fetch-aborted', `fetch from ${key}: aborted`, { retryable: true });
    }
  }

  #respect(key: string): void {
    const blocked = this.#rate.blocked(key);
    if (blocked !== null) throw new RefusedError(blocked);
  }

  /** robots.txt follows redirects too, and is read only to its limit. It waits for no turn. */
  async #robotsTxt(url: URL, errand: Errand): Promise<Landed> {
    const headers = { 'user-agent': this.#options.userAgent, accept: 'text/plain,*/*;q=0.8' };
    const { redirects, robotsBytes } = this.#limits;
    let to = this.#destination(url.href, undefined, errand);
    for (let hops = 0; ; hops++) {
      const leg = { to, ...GET, headers };
      const landed = await this.#hop(leg, errand, robotsBytes, true);
      const next = redirectOf(leg, landed);
      if (next === null || hops >= redirects) return landed;
      to = this.#destination(next.location, to.url, errand);
    }
  }

  async #hop(leg: Leg, errand: Errand, bytes: number, cut: boolean): Promise<Landed> {
    const { to } = leg;
    if (await isStopped(this.#options.stopFile)) throw refuse('halted', 'a STOP file is there');
    const addresses = await this.#vet(to, errand);
    const { signal } = errand;
    return sendHop({ ...leg, addresses, signal }, this.#limits, bytes, cut);
  }

  async #vet(to: Destination, { allow, signal }: Errand): Promise<readonly Address[]> {
    const allowed = allowedBy(allow.hosts, to) ?? { declared: false };
    const literal = literalAddress(to.host);
    const resolve = this.#options.resolve ?? systemResolve;
    const look = () => lookUp(resolve, to.host, this.#limits.lookupMs, signal);
    const found = literal === null ? await look() : [literal];
    const addresses = vetted(to.host, found, allowed, this.#options.isPublic ?? isPublicAddress);
    if (addresses.length > 0) return addresses;
    throw refuse('host-denied', `${to.host} leads to an address that is not public`);
  }

  /** Ms for which a host asked to be left alone, or null. */
  #backOffMs({ status, headers }: Landed): number | null {
    const asks = retryAfterMs(headers, this.#options.clock.now());
    if (status !== 429 && (status !== 503 || asks === null)) return null;
    const { backOffMs, backOffMaxMs } = this.#limits;
    return Math.min(backOffMaxMs, Math.max(asks ?? backOffMs, 1));
  }
}

const GET = { method: 'GET', body: new Uint8Array() } as const;

function checkMethod(method: string, body: Uint8Array, allow: AllowSettings): void {
  const reads = method === 'GET' || method === 'HEAD';
  const declared = allow.methods.some((each) => each.toUpperCase() === method);
  if (!reads && !declared) throw denied('method', `${method} is not declared for this agent`);
  if (reads && body.byteLength > 0) throw denied('body', `${method} has no body`);
}

/** Request headers that a payload may set; cookies and credentials are not among them. */
const ASKED: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'content-type',
  'if-modified-since',
  'if-none-match',
  'range',
]);

function requestHeaders(request: HttpRequest, userAgent: string): Record<string, string> {
  const own = { 'user-agent': userAgent, 'accept-encoding': 'gzip, deflate, br' };
  const asked = request.headers.flatMap(([given, value]) => {
    const name = given.toLowerCase();
    return ASKED.has(name) ? [[name, value] as const] : [];
  });
  return { accept: '*/*', ...Object.fromEntries(asked), ...own };
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Where an answer sends to, and as what (Fetch standard, "HTTP-redirect fetch"). */
function redirectOf(
  leg: Leg,
  { status, headers }: Landed,
): { location: string; method: string; body: Uint8Array } | null {
  const { location } = headers;
  if (!REDIRECTS.has(status) || typeof location !== 'string') return null;
  const turnsToGet =
    (status === 303 && leg.method !== 'HEAD') || (status < 303 && leg.method === 'POST');
  return { location, ...(turnsToGet ? GET : { method: leg.method, body: leg.body }) };
}

/** Response headers that describe the transfer, which is over, or that would keep state. */
const DROPPED: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'set-cookie',
  'transfer-encoding',
]);

function response({ status, headers, body }: Landed): HttpResponse {
  const passed = Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || DROPPED.has(name)) return [];
    return [[name, Array.isArray(value) ? value.join(', ') : value] as const];
  });
  return { status, headers: passed, body: bytesOnce(body) };
}

function tooManyRedirects(to: Destination): NightshiftError {
  const facts = { at: to.host };
  return new NightshiftError('fetch-redirects', `fetch from ${to.host}: too many redirects`, facts);
}
