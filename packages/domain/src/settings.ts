import type { AlertSettings } from './alert-settings.ts';
import type { Json } from './json.ts';
import type { Nusd } from './money.ts';
import type { RetentionSettings } from './retention.ts';
import type { LauncherName, Times } from './service.ts';
import type { Budget } from './spend.ts';

/**
 * The configuration after validation: one frozen value, every default filled in, every path
 * absolute, every limit with its unit in its name. Services read this and nothing else.
 */
export interface Settings {
  /** The file it came from; null for the built-in default. */
  readonly file: string | null;
  /** Paths in the configuration are relative to this folder. */
  readonly dir: string;
  /** SHA-256 over the validated values: differs when services run on different configurations. */
  readonly hash: string;
  /** Orders configurations: the newest one's caps are the caps. Modification time of the file, ms. */
  readonly version: number;
  readonly timezone: string;
  readonly budgets: readonly Budget[];
  readonly endpoints: readonly EndpointSettings[];
  /** Aliases for `ctx.model(alias)`. */
  readonly models: Readonly<Record<string, ModelSettings>>;
  readonly agents: readonly AgentSettings[];
  /** What an agent may draft and a person may approve, by name. */
  readonly actions: Readonly<Record<string, ActionSettings>>;
  readonly alerts: AlertSettings;
  readonly times: Times;
  /** Jobs a worker runs at the same time. */
  readonly concurrency: number;
  /** What stands around each child: bubblewrap, Node's permission model alone, or the strongest
   * that proves itself. */
  readonly sandbox: 'auto' | LauncherName;
  /** A job that waits on a gate longer than this is dead. */
  readonly maxWaitMs: number;
  /** How long details are kept. */
  readonly retention: RetentionSettings;
  /** When all drills are run, as five cron fields in the time zone; null: when a person does. */
  readonly drillSchedule: string | null;
}

/** A reference to a secret, resolved only by the service that uses it. */
export interface SecretRef {
  readonly env: string;
}

export type EndpointProtocol = 'openai' | 'anthropic' | 'ollama';

/** One place that answers model calls. */
export interface EndpointSettings {
  /** Stable name: of its breaker, in the ledger and in messages. */
  readonly name: string;
  readonly protocol: EndpointProtocol;
  /** Absolute URL without a trailing slash, query, fragment or credentials. */
  readonly baseUrl: string;
  readonly apiKey: SecretRef | null;
  /** Models that may be asked for here, by their name on the wire. */
  readonly models: Readonly<Record<string, ModelPrice>>;
}

/** What a model costs at an endpoint: by the bundled table, by the operator's word, or nothing. */
export type ModelPrice =
  | { readonly kind: 'table' }
  | { readonly kind: 'free' }
  | { readonly kind: 'own'; readonly rates: TokenRates };

/** Nano-dollars per million tokens. */
export interface TokenRates {
  readonly inputNusdPerMTok: number;
  readonly cachedInputNusdPerMTok: number;
  readonly cacheWriteNusdPerMTok: number;
  readonly outputNusdPerMTok: number;
}

export type ModelSettings =
  | { readonly kind: 'extractive' }
  | { readonly kind: 'endpoint'; readonly endpoint: string; readonly model: string };

export interface AgentSettings {
  readonly name: string;
  /** As written: a path or a package name. */
  readonly entry: string;
  readonly schedule:
    | { readonly kind: 'cron'; readonly cron: string }
    | { readonly kind: 'every'; readonly everyMs: number }
    | null;
  readonly catchUp: CatchUp;
  readonly input: Json;
  readonly allow: AllowSettings;
  readonly attempts: number;
  readonly timeoutMs: number;
  readonly overlap: 'skip' | 'queue';
  readonly concurrency: number;
  readonly memoryMb: number;
  readonly value: { readonly hoursSaved: number; readonly hourlyRateNusd: Nusd } | null;
}

/** What to do about slots that passed while nobody looked. */
export type CatchUp =
  | { readonly kind: 'skip' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'all'; readonly max: number };

export interface AllowSettings {
  readonly hosts: readonly string[];
  readonly methods: readonly string[];
  /** Absolute folders or files the child may read. */
  readonly read: readonly string[];
  /** Absolute folders of repositories whose history the child may read. */
  readonly git: readonly string[];
  /** Aliases from `models`. */
  readonly models: readonly string[];
  /** Names from `actions` that it may draft. */
  readonly actions: readonly string[];
}

/**
 * Something irreversible that the operator declared. Only a person's approval executes it, with
 * exactly the arguments that were drafted.
 */
export type ActionSettings =
  | {
      /** POSTs the arguments as JSON to this URL, once. No redirects. */
      readonly kind: 'webhook-post';
      readonly url: SecretRef | string;
      /** A draft that nobody decided on expires after this. */
      readonly expiresMs: number;
    }
  | {
      /** Appends `args.text`, as it is, to this file (absolute). */
      readonly kind: 'append-file';
      readonly path: string;
      readonly expiresMs: number;
    };
