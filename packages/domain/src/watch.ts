import type { Clock } from './clock.ts';

/** How bad it is: `page` wakes a person. */
export type Severity = 'page' | 'warn' | 'info';

/** What a rule says is wrong at this tick. The same `key` is the same trouble. */
export interface Finding {
  readonly rule: string;
  /** Dedupe key: `rule:scope`. */
  readonly key: string;
  readonly severity: Severity;
  readonly title: string;
  readonly detail: string;
  /** Say it once, without a matching resolve (a report, a dead letter). */
  readonly once?: boolean;
  /** To be stopped when the incident opens: this agent, or everything. Set by the operator. */
  readonly brake?: { readonly agent: string } | 'all';
}

export type IncidentState = 'pending' | 'open' | 'resolved';

/** One trouble from its first bad tick to its end. Lives in the watchdog's own database. */
export interface Incident {
  readonly id: string;
  readonly key: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly state: IncidentState;
  readonly title: string;
  readonly detail: string;
  readonly badTicks: number;
  readonly goodTicks: number;
  readonly firstSeenAt: number;
  readonly openedAt: number | null;
  readonly resolvedAt: number | null;
  readonly remindAt: number | null;
  readonly ackedUntil: number | null;
  readonly ackedBy: string | null;
}

export type DeliveryState = 'queued' | 'sending' | 'delivered' | 'failed' | 'dropped';

/** One message to one channel, until it has a receipt or is given up with a reason. */
export interface Delivery {
  readonly id: string;
  readonly incident: string;
  readonly channel: string;
  readonly kind: 'open' | 'resolved' | 'reminder' | 'report' | 'test';
  readonly message: Message;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly nextTryAt: number;
  readonly receipt: string | null;
  readonly lastError: string | null;
  readonly createdAt: number;
  readonly deliveredAt: number | null;
}

/** What is said, before a channel gives it its own form. Already sanitised plain text. */
export interface Message {
  readonly title: string;
  readonly body: string;
  readonly severity: Severity;
  readonly resolved: boolean;
  /** The incident's id, stable over repeats, so that a person can tell a duplicate. */
  readonly ref: string;
  /** Anchor in RUNBOOK.md. */
  readonly runbook: string | null;
}

/** A kill that the watchdog decided on, written before the first signal. */
export interface Kill {
  readonly id: string;
  readonly instance: string;
  readonly service: string;
  readonly pid: number;
  readonly reason: string;
  readonly state:
    | 'intended'
    | 'term'
    | 'kill'
    | 'dead'
    | 'recovered'
    | 'failed'
    | 'identity-mismatch';
  readonly intendedAt: number;
  readonly termAt: number | null;
  readonly killAt: number | null;
  readonly deadAt: number | null;
  readonly recoveredAt: number | null;
}

/** The watchdog's own durable state. */
export interface WatchStore {
  openIncidents(): Promise<readonly Incident[]>;
  incidents(limit: number): Promise<readonly Incident[]>;
  incident(id: string): Promise<Incident | null>;
  /**
   * Writes incident changes (by id), new deliveries and remembered values in one transaction, so
   * that what was told and how far it was read can never disagree.
   */
  apply(
    incidents: readonly Incident[],
    deliveries: readonly Delivery[],
    remember?: Readonly<Record<string, string>>,
  ): Promise<void>;
  due(limit: number): Promise<readonly Delivery[]>;
  deliveriesOf(incident: string): Promise<readonly Delivery[]>;
  pending(): Promise<number>;
  /** Compare-and-set by `state` and `tries`; false when the row moved on. */
  updateDelivery(seen: Delivery, next: Delivery): Promise<boolean>;
  activeKill(service: string): Promise<Kill | null>;
  killsSince(at: number): Promise<readonly Kill[]>;
  saveKill(kill: Kill): Promise<void>;
  /** Small durable values: last seen dead letter, last good settings. */
  remember(name: string, value: string): Promise<void>;
  recall(name: string): Promise<string | null>;
  close(): void;
}

export type { Clock };
