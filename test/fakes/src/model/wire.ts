import type { Exchange, JsonAnswer } from '../http/http-server.ts';

/** A valid call, as the wire's parser understood it. */
export interface ChatCall {
  readonly model: string;
  readonly stream: boolean;
  /** The caller asked for usage at the end of a stream. */
  readonly includeUsage: boolean;
  /** How many replies. */
  readonly choices: number;
  /** The most tokens a reply may have. */
  readonly limit: number | undefined;
  readonly inputTokens: number;
  readonly requestBody: unknown;
}

/** What a parser makes of a request: a call, or the answer that ends it. */
export type Parsed = { readonly call: ChatCall } | { readonly answer: JsonAnswer };

/** One of the replies to a call. */
export interface Choice {
  readonly tokens: readonly string[];
  /** The limit cut it short. */
  readonly truncated: boolean;
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
  /** `true`: any bearer token; a string: this one; `false`: none needed. */
  readonly requireKey: boolean | string;
}

/** A chat protocol. */
export interface ModelWire {
  readonly path: string;
  readonly streamType: string;
  parse(exchange: Exchange, settings: WireSettings): Parsed;
  refuse(refusal: Refusal): unknown;
  /** The true usage, in the wire's names. */
  usage(inputTokens: number, outputTokens: number): Record<string, unknown>;
  /** The unstreamed answer. */
  whole(reply: Reply): unknown;
  /** The stream: what comes before the content, a token of choice `index`, what comes after. */
  opening(reply: Reply): string;
  chunk(reply: Reply, index: number, token: string): string;
  closing(reply: Reply): string;
}
