/** Limits of plain fetches. */
export interface EgressLimits {
  /** Redirects that are followed for one request (RFC 9309 wants five for robots.txt as well). */
  readonly redirects: number;
  /** Body, as it came and after decompression. */
  readonly bodyBytes: number;
  /** One hop, from connecting to the last byte. */
  readonly hopMs: number;
  readonly connectMs: number;
  /** Looking up one name: the system's resolver alone may try for half a minute. */
  readonly lookupMs: number;
  /** Least time between two requests to one host. */
  readonly intervalMs: number;
  /** A crawl delay that robots.txt asks for is respected up to this. */
  readonly crawlDelayMaxMs: number;
  /** How long a host that says 429 without a time is left alone. */
  readonly backOffMs: number;
  /** A `Retry-After` beyond this is cut. */
  readonly backOffMaxMs: number;
  /** How much of robots.txt is read: 500 KiB, the least that RFC 9309, 2.5 asks for. */
  readonly robotsBytes: number;
  /** How long robots.txt counts (RFC 9309, 2.4: at most 24 hours). */
  readonly robotsMs: number;
  /** How long an unreachable robots.txt forbids everything before it is asked for again. */
  readonly robotsRetryMs: number;
}

export const DEFAULT_EGRESS_LIMITS: EgressLimits = {
  redirects: 5,
  bodyBytes: 10 * 1024 * 1024,
  hopMs: 30_000,
  connectMs: 5_000,
  lookupMs: 5_000,
  intervalMs: 1_000,
  crawlDelayMaxMs: 30_000,
  backOffMs: 60_000,
  backOffMaxMs: 24 * 3_600_000,
  robotsBytes: 500 * 1024,
  robotsMs: 24 * 3_600_000,
  robotsRetryMs: 600_000,
};
