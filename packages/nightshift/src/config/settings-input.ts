import type { Usd } from '@nightshift/domain';

/**
 * What an operator writes, as types for the editor. The schema checks the same at run time, because
 * a configuration is executed, not compiled.
 */

/** `'500ms'`, `'30s'`, `'10m'`, `'24h'`, `'7d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** A secret by name, resolved only by the service that uses it. Made by `env('X')`. */
export interface EnvRef {
  readonly kind: 'env';
  readonly env: string;
}

/** Dollars per million tokens. Cached input and cache writes cost as much as input if left out. */
export interface PriceInput {
  readonly inputPerMTok: Usd;
  readonly outputPerMTok: Usd;
  readonly cachedInputPerMTok?: Usd;
  readonly cacheWritePerMTok?: Usd;
}

/** What every model that is reached over the network may say. */
export interface EndpointOptions {
  /** Name of the endpoint: of its breaker and in the ledger. Default: host and port of its URL. */
  readonly name?: string;
  /** The operator's own word on the price; wins over the bundled table. */
  readonly price?: PriceInput;
  /** It costs nothing here. Refused for hosts that are known to charge. */
  readonly free?: boolean;
}

export type ModelInput =
  | { readonly kind: 'extractive' }
  | ({
      readonly kind: 'endpoint';
      readonly protocol: 'openai' | 'anthropic' | 'ollama';
      readonly model: string;
      readonly baseUrl: string;
      readonly apiKey?: EnvRef;
    } & EndpointOptions);

export type ChannelInput =
  | {
      readonly kind: 'ntfy';
      readonly name?: string;
      readonly server?: string;
      readonly topic: EnvRef | string;
      readonly token?: EnvRef;
    }
  | { readonly kind: 'discord'; readonly name?: string; readonly webhook: EnvRef | string }
  | {
      readonly kind: 'webhook';
      readonly name?: string;
      readonly url: EnvRef | string;
      readonly secret?: EnvRef;
    };

/** What a rule about money does besides telling. Default none. */
export type BrakeInput = 'none' | 'agent' | 'all';

/** What the rules of the watchdog compare with. RUNBOOK.md argues the defaults. */
export interface RulesInput {
  readonly 'job-overdue'?: { readonly after?: Duration };
  readonly 'schedule-missed'?: { readonly after?: Duration };
  readonly 'spend-window'?: { readonly halt?: BrakeInput };
  readonly 'spend-rate'?: { readonly factor?: number; readonly halt?: BrakeInput };
  readonly 'estimate-breached'?: { readonly halt?: BrakeInput };
  readonly 'dlq-growing'?: { readonly perHour?: number };
  readonly 'queue-lag'?: { readonly after?: Duration };
  readonly 'holds-leaking'?: { readonly after?: Duration };
  readonly 'disk-low'?: {
    readonly freeMb?: number;
    readonly freeInodes?: number;
    readonly walMb?: number;
  };
  readonly 'crash-loop'?: { readonly starts?: number };
  readonly 'clock-jump'?: { readonly after?: Duration };
  readonly 'cap-waits'?: { readonly jobs?: number };
  readonly 'egress-denied'?: { readonly perDay?: number };
  readonly 'drafts-waiting'?: { readonly after?: Duration };
  readonly 'drill-overdue'?: { readonly after?: Duration };
  readonly 'halted-long'?: { readonly after?: Duration };
}

export interface AlertsInput {
  readonly channels?: readonly ChannelInput[];
  /** Check URL of a service outside (healthchecks.io and its like). Default none. */
  readonly deadman?: EnvRef | string;
  /** `'08:00'` in the configuration's time zone. Default none. */
  readonly dailySummary?: string;
  /** `'Mon 08:00'`: day of the week and time in the configuration's time zone. Default none. */
  readonly weeklySummary?: string;
  readonly rules?: RulesInput;
}

/**
 * Caps. What is left out is not capped, except the day, which is then $0 for everybody together.
 */
export interface BudgetInput {
  readonly perCall?: Usd;
  readonly perJob?: Usd;
  readonly perHour?: Usd;
  readonly perDay?: Usd;
  readonly perMonth?: Usd;
}

/** Something irreversible that an agent may draft and a person may approve. */
export type ActionInput =
  | {
      readonly kind: 'webhook-post';
      readonly url: EnvRef | string;
      readonly expires?: Duration;
    }
  | { readonly kind: 'append-file'; readonly path: string; readonly expires?: Duration };

export interface AllowInput {
  /** Hosts, or `host:port`, for `ctx.fetch`. Default none. */
  readonly hosts?: readonly string[];
  /** Default GET and HEAD. */
  readonly methods?: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
  /** Files and folders the agent may read, relative to the configuration. Default none. */
  readonly read?: readonly string[];
  /** Repositories whose history it may read. Default none. */
  readonly git?: readonly string[];
  /** Aliases of `models`. Default: `default` alone, if there is one. */
  readonly models?: readonly string[];
  /** Names of `actions` that it may draft. Default none. */
  readonly actions?: readonly string[];
}

export interface AgentInput {
  /** A file, relative to the configuration, or a package. */
  readonly entry: string;
  /** Five cron fields in the configuration's time zone, or `@hourly`, `@daily` and the like. */
  readonly schedule?: string;
  /** Instead of a schedule: again and again, this long after the last start. */
  readonly every?: Duration;
  /** Slots that passed while nobody looked. Default `latest`; `all` means at most 100. */
  readonly catchUp?: 'skip' | 'latest' | 'all' | { readonly all: number };
  /** JSON. Default `{}`. */
  readonly input?: unknown;
  readonly allow?: AllowInput;
  readonly budget?: BudgetInput;
  /** Tries in all. Default 3. */
  readonly attempts?: number;
  /** Longest time of one attempt. Default 10m. */
  readonly timeout?: Duration;
  /** A slot that is due while the last one's job still runs. Default skip. */
  readonly overlap?: 'skip' | 'queue';
  /** Jobs of this agent at the same time. Default 1. */
  readonly concurrency?: number;
  /** Memory limit of an attempt. Default 256. */
  readonly memoryMb?: number;
  /** What a delivered report is worth. */
  readonly value?: { readonly hoursSaved: number; readonly hourlyRate: Usd };
}

export interface TimesInput {
  readonly tick?: Duration;
  readonly beat?: Duration;
  readonly silent?: Duration;
  readonly termGrace?: Duration;
  readonly lease?: Duration;
  readonly leaseRenew?: Duration;
  readonly drain?: Duration;
  readonly recover?: Duration;
}

/** How long details are kept; keys, totals and the last report of each agent stay for ever. */
export interface RetentionInput {
  /** Jobs that are done or cancelled, with attempts, steps and calls. Default 30d. */
  readonly jobs?: Duration;
  /** Default 90d. */
  readonly deadLetters?: Duration;
  /** One row a call, then totals by day, agent and model. Default 90d. */
  readonly spend?: Duration;
  /** One row a slot, then counts by day. Default 30d. */
  readonly slots?: Duration;
  /** With the files that were written of them. Default 365d. */
  readonly reports?: Duration;
  /** Drafts that are over. Default 365d. */
  readonly drafts?: Duration;
  /** Default 30d. */
  readonly events?: Duration;
  /** Default 730d. */
  readonly audit?: Duration;
  /** Lives of services. Default 30d. */
  readonly instances?: Duration;
}

export interface ConfigInput {
  /** IANA name. Default: the host's. */
  readonly timezone?: string;
  readonly budget?: BudgetInput;
  /** Models by alias. Default: `default: extractive()`. */
  readonly models?: Readonly<Record<string, ModelInput>>;
  /** What agents may draft and a person may approve, by name. Default none. */
  readonly actions?: Readonly<Record<string, ActionInput>>;
  readonly alerts?: AlertsInput;
  readonly agents: Readonly<Record<string, AgentInput>>;
  readonly times?: TimesInput;
  /** Jobs at the same time. Default 4. */
  readonly concurrency?: number;
  /** Walls around each child. Default auto: the strongest that proves itself on this machine. */
  readonly sandbox?: 'auto' | 'direct' | 'bwrap';
  /** A job that waits on a gate longer than this is dead. Default 24h. */
  readonly maxWait?: Duration;
  readonly retention?: RetentionInput;
  /** When the scheduler runs all drills by itself, as an agent's `schedule`. Default never. */
  readonly drills?: { readonly schedule?: string };
}
