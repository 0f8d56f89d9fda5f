import type { Exchange, JsonAnswer } from '../http/http-server.ts';
import type { Meters } from './bill.ts';
import type { Part } from './speech.ts';

/** Input of a call, as its wire counted it. The last two are parts of the total and of each other. */
export type InputMeters = Pick<
  Meters,
  'inputTokens' | 'cachedInputTokens' | 'cacheWriteTokens' | 'cacheWriteLongTokens'
>;

/** A valid call, as the wire's parser understood it. */
export interface ModelCall {
  readonly model: string;
  readonly stream: boolean;
  /** The caller asked for usage at the end of a stream. */
  readonly includeUsage: boolean;
  /** How many replies; 0 for a call that generates nothing (embeddings). */
  readonly choices: number;
  /** The most tokens a reply may have, thinking included. */
  readonly limit: number | undefined;
  /** The caller asked the model to think first. */
  readonly thinks: boolean;
  readonly input: InputMeters;
  /** Prefixes that an accepted call leaves in the prompt cache. */
  readonly caches: readonly string[];
  readonly requestBody: Readonly<Record<string, unknown>>;
}

/** What a parser makes of a request: a call, or the answer that ends it. */
export type Parsed = { readonly call: ModelCall } | { readonly answer: JsonAnswer };

/** One of the replies to a call: runs of thinking, text and tool calls, in this order. */
export interface Choice {
  readonly parts: readonly Part[];
  /** The limit cut it short. */
  readonly truncated: boolean;
}

/** One token of a stream and its place. */
export interface Piece {
  /** Index of the choice, and of the part in it. */
  readonly choice: number;
  readonly at: number;
  readonly part: Part;
  readonly token: string;
  /** The first and the last of its part. */
  readonly first: boolean;
  readonly last: boolean;
}

/** All that a wire needs to write down an answer. */
export interface Reply {
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  /** The model the answer names. */
  readonly model: string;
  readonly choices: readonly Choice[];
  /** Usage fields as claimed, or nothing when they are to be left out. */
  readonly usage: Readonly<Record<string, unknown>> | undefined;
  readonly includeUsage: boolean;
  readonly requestBody: Readonly<Record<string, unknown>>;
  /** Numbers the events of this answer: 0, 1, 2, … */
  readonly serial: () => number;
}

/** A failure to be put in the wire's own words. */
export interface Refusal {
  readonly status: number;
  readonly code?: string | number | undefined;
}

/** What the parser knows about the server. */
export interface WireSettings {
  /** Names of the models served. */
  readonly models: ReadonlySet<string>;
  /** `true`: any key; a string: this one; `false`: none needed. */
  readonly requireKey: boolean | string;
  /** Whether this prefix is in the prompt cache. */
  readonly isCached: (prefix: string) => boolean;
}

/** One kind of call of one protocol. */
export interface ModelWire {
  readonly path: string;
  readonly streamType: string;
  parse(exchange: Exchange, settings: WireSettings): Parsed;
  refuse(refusal: Refusal): unknown;
  /** The true usage, in the wire's names. */
  usage(meters: Meters): Record<string, unknown>;
  /** The unstreamed answer. */
  whole(reply: Reply): unknown;
  /** The stream: what comes before the content, a token of it, what comes after. */
  opening(reply: Reply): string;
  chunk(reply: Reply, piece: Piece): string;
  closing(reply: Reply): string;
}

/** The three parts of a stream, for a wire that never streams. */
export const NO_STREAM: Pick<ModelWire, 'opening' | 'chunk' | 'closing'> = {
  opening: () => '',
  chunk: () => '',
  closing: () => '',
};

/** Input without any caching. */
export function plainInput(inputTokens: number): InputMeters {
  return { inputTokens, cachedInputTokens: 0, cacheWriteTokens: 0, cacheWriteLongTokens: 0 };
}
