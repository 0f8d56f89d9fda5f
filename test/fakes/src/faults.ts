/**
 * Scripted faults: what a remote end may do wrong, in one place.
 *
 * A script is a list. Each valid call takes the first fault whose target it meets, and that fault
 * is used up (`times` calls, one if absent). The effects of one fault may be combined, e.g.
 * `{ delayMs: 50, status: 429, retryAfter: 2 }`. A call that the real API would refuse anyway
 * (bad JSON, no key, unknown model) is refused before the script is asked and uses nothing up.
 */

/** Which calls a fault applies to. All conditions given must hold. */
export interface FaultTarget {
  /** Only calls that ask for this model. */
  readonly onModel?: string;
  /** Only the nth valid call since the server started, from 1. */
  readonly onCall?: number;
  /** To how many calls; 1 if absent. `'always'`: until the script is replaced. */
  readonly times?: number | 'always';
}

/** Answers with this status and the provider's own error body. Not billed, not stored. */
export interface StatusFault {
  readonly status: number;
  /** `Retry-After`: seconds, or an HTTP date. */
  readonly retryAfter?: number | string;
  /** The error code in the body, e.g. `insufficient_quota`, 42908, 10015. */
  readonly code?: string | number;
}

/** Waits before the first byte. */
export interface DelayFault {
  readonly delayMs: number;
}

/** Holds the call until it is released (`release()`, `POST /__release`). */
export interface GateFault {
  readonly gate: 'before-headers' | 'mid-stream';
  /** For `mid-stream`: after how many content chunks; 1 if absent. */
  readonly afterChunks?: number;
}

/** Accepts the call, then says nothing more and keeps the socket open. */
export interface HangFault {
  readonly hang: 'before-headers' | 'mid-stream';
  /** For `mid-stream`: after how many content chunks; 1 if absent. */
  readonly afterChunks?: number;
}

/** Reads the request, then resets the connection before any byte of an answer. */
export interface ResetFault {
  readonly resetBeforeByte: true;
}

/**
 * Makes a failure of this fault one of the answer only: the work was done (a bill row with the
 * whole output, a stored message), the caller just does not learn it.
 */
export interface AcceptedFault {
  readonly accepted: true;
}

/** Sends this many content chunks, then destroys the socket. Unstreamed: half of the body. */
export interface CutFault {
  readonly cutAfterChunks: number;
}

/** Waits before each content chunk. */
export interface ChunkDelayFault {
  readonly chunkDelayMs: number;
}

/** Leaves usage out of the answer. */
export interface OmitUsageFault {
  readonly omitUsage: true;
}

/** Fields laid over the true usage, under the wire's own names. The bill stays true. */
export interface UsageLieFault {
  readonly usage: Readonly<Record<string, unknown>>;
}

/** Adds `cost: 0` to usage, as aggregators do for calls whose price they do not know. */
export interface CostZeroFault {
  readonly costZero: true;
}

/** Serves, and bills, this model instead of the one asked for, and names it in the answer. */
export interface OtherModelFault {
  readonly model: string;
}

/** Status 200 around an error body. */
export interface ErrorIn200Fault {
  readonly errorBodyWith200: true;
}

/** This body instead of the wire's; billed in full when the status is 200 (the default). */
export interface RawBodyFault {
  readonly body: string;
  readonly contentType?: string;
}

/** The model says this instead of the server's default reply. */
export interface ReplyTextFault {
  readonly replyText: string;
}

/** The model says this many tokens; with `ignoreLimit` also beyond the maximum asked for. */
export interface ReplyTokensFault {
  readonly replyTokens: number;
  readonly ignoreLimit?: true;
}

/** The model calls a tool of the client, after `replyText` if that is given too. */
export interface ToolCallFault {
  readonly toolCall: {
    readonly name: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  };
}

/** The model thinks for this many tokens first: billed, and hidden where the wire hides them. */
export interface ThinkingFault {
  readonly thinkingTokens: number;
}

/** So much of the input counts as read from a cache, in usage and on the bill. */
export interface CachedInputFault {
  readonly cachedInputTokens: number;
}

/** What a receiver of messages (ntfy, Discord) can be told to do; it has no `mid-stream`. */
export type ReceiverFault = FaultTarget &
  (StatusFault | DelayFault | GateFault | HangFault | ResetFault | AcceptedFault);

/** What the model server can be told to do. */
export type ModelFault = FaultTarget &
  (
    | StatusFault
    | DelayFault
    | GateFault
    | HangFault
    | ResetFault
    | AcceptedFault
    | CutFault
    | ChunkDelayFault
    | OmitUsageFault
    | UsageLieFault
    | CostZeroFault
    | OtherModelFault
    | ErrorIn200Fault
    | RawBodyFault
    | ReplyTextFault
    | ReplyTokensFault
    | ToolCallFault
    | ThinkingFault
    | CachedInputFault
  );

/** The effects of the fault a call has drawn; empty when it drew none. */
export type Effects = Partial<
  StatusFault &
    DelayFault &
    GateFault &
    HangFault &
    ResetFault &
    AcceptedFault &
    CutFault &
    ChunkDelayFault &
    OmitUsageFault &
    UsageLieFault &
    CostZeroFault &
    OtherModelFault &
    ErrorIn200Fault &
    RawBodyFault &
    ReplyTextFault &
    ReplyTokensFault &
    ToolCallFault &
    ThinkingFault &
    CachedInputFault
>;

type Check = (value: unknown) => boolean;

const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const positive: Check = (value) => count(value) && value !== 0;
const text: Check = (value) => typeof value === 'string';
const yes: Check = (value) => value === true;
const beforeHeaders: Check = (value) => value === 'before-headers';
const place: Check = (value) => beforeHeaders(value) || value === 'mid-stream';
const textOrNumber: Check = (value) => text(value) || Number.isFinite(value);
const status: Check = (value) =>
  count(value) && (value as number) >= 200 && (value as number) <= 599;
const record: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const toolCall: Check = (value) =>
  record(value) &&
  text((value as { name?: unknown }).name) &&
  record((value as { arguments?: unknown }).arguments);

const TARGET: Record<keyof FaultTarget, Check> = {
  onModel: text,
  onCall: positive,
  times: (value) => value === 'always' || positive(value),
};

const RECEIVER = {
  ...TARGET,
  status,
  retryAfter: textOrNumber,
  code: textOrNumber,
  delayMs: count,
  gate: beforeHeaders,
  hang: beforeHeaders,
  resetBeforeByte: yes,
  accepted: yes,
} satisfies Record<string, Check>;

const MODEL = {
  ...RECEIVER,
  gate: place,
  hang: place,
  afterChunks: count,
  cutAfterChunks: count,
  chunkDelayMs: count,
  omitUsage: yes,
  usage: record,
  costZero: yes,
  model: text,
  errorBodyWith200: yes,
  body: text,
  contentType: text,
  replyText: text,
  replyTokens: count,
  toolCall,
  thinkingTokens: count,
  cachedInputTokens: count,
  ignoreLimit: yes,
} satisfies Record<keyof Effects | keyof FaultTarget, Check>;

/** The faults each kind of server knows. */
export const VOCABULARIES = { model: MODEL, receiver: RECEIVER } as const;

/** A script that names something the server does not know. */
export class BadScript extends Error {
  override readonly name = 'BadScript';
}

interface Loaded {
  readonly target: FaultTarget;
  readonly effects: Effects;
  left: number;
}

/** The faults still to come. */
export class FaultScript {
  readonly #checks: Readonly<Record<string, Check>>;
  #faults: Loaded[] = [];
  #calls = 0;

  constructor(kind: keyof typeof VOCABULARIES) {
    this.#checks = VOCABULARIES[kind];
  }

  /** Replaces the script. Throws `BadScript` and changes nothing when an entry is wrong. */
  load(value: unknown): void {
    if (!Array.isArray(value)) throw new BadScript('a script is a list of faults');
    this.#faults = value.map((entry: unknown, index) => this.#parse(entry, index));
  }

  /** Counts a valid call and takes its fault out of the script. */
  next(model?: string): Effects {
    this.#calls += 1;
    const fault = this.#faults.find(({ target, left }) => left > 0 && this.#hits(target, model));
    if (fault === undefined) return {};
    fault.left -= 1;
    return fault.effects;
  }

  #hits(target: FaultTarget, model: string | undefined): boolean {
    const sameModel = target.onModel === undefined || target.onModel === model;
    return sameModel && (target.onCall === undefined || target.onCall === this.#calls);
  }

  #parse(entry: unknown, index: number): Loaded {
    if (!record(entry)) throw new BadScript(`fault ${index} is not an object`);
    for (const [key, value] of Object.entries(entry as object)) {
      const check = Object.hasOwn(this.#checks, key) ? this.#checks[key] : undefined;
      if (check === undefined) throw new BadScript(`fault ${index}: "${key}" is unknown here`);
      if (!check(value)) throw new BadScript(`fault ${index}: "${key}" has a wrong value`);
    }
    const { onModel, onCall, times = 1, ...effects } = entry as FaultTarget & Effects;
    const target = {
      ...(onModel === undefined ? {} : { onModel }),
      ...(onCall === undefined ? {} : { onCall }),
    };
    return { target, effects, left: times === 'always' ? Infinity : times };
  }
}
