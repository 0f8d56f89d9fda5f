import type { EndpointProtocol, Usage } from '@nightshift/domain';

/**
 * A wire is one kind of call of one protocol, as an allowlist: it knows each field a body may
 * have, what the body can cost at most, and where the answer says what it did cost. A new wire is
 * one file in `wires/` and one line in `wires.ts`.
 */
export interface Wire {
  /** Stable name, part of the request hash. */
  readonly id: string;
  /** What to ask for in `accept` when the answer is streamed. */
  readonly streamType: string;
  /** Headers of this wire's own, such as a version; sent unless the payload chose another. */
  readonly headers: Readonly<Record<string, string>>;
  /** Request headers that a payload may set to one of these values, in place of the wire's own. */
  readonly allowHeaders: Readonly<Record<string, readonly string[]>>;
  /** @returns the path to send to, below the endpoint's base URL, or null: not this wire. */
  recognise(protocol: EndpointProtocol, method: string, path: string): string | null;
  /**
   * Checks the parsed body and completes it with what the bound relies on (a maximum of output,
   * usage in streams). @throws RefusedError `request-denied` naming the JSON path.
   */
  normalise(body: unknown, context: WireContext): WireCall;
  /** The most tokens a call can be charged for, from the bytes that will be sent. */
  bound(call: WireCall, bodyBytes: number): TokenBound;
  /** Reads an answer while it passes. */
  usage(call: WireCall): AnswerReader;
}

/** What a wire may know about where a call goes. */
export interface WireContext {
  readonly protocol: EndpointProtocol;
  /** Host of the endpoint, without port, lower case. */
  readonly host: string;
  /** Maximum of output to write into a body that sets none, in tokens. */
  readonly defaultOutputTokens: number;
}

/** A call whose body is known field by field. */
export interface WireCall {
  readonly model: string;
  readonly stream: boolean;
  /** Sent exactly as `JSON.stringify` writes it. */
  readonly body: { readonly [key: string]: unknown };
}

export interface TokenBound {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Whether input may be charged as a cache write, and for which lifetime. */
  readonly cacheWrites: 'none' | 'short' | 'long';
}

/** Usage with the one meter that only some wires have; a part of `cacheWriteTokens`. */
export interface MeteredUsage extends Usage {
  readonly cacheWriteLongTokens?: number;
}

/** Takes the bytes of one answer in order. */
export interface AnswerReader {
  push(chunk: Uint8Array): void;
  /** The wire's own end mark has been seen: nothing that costs can follow. */
  readonly ended: boolean;
  /** What the answer said. Called once, after the last byte or after `ended`. */
  answer(): Answer;
}

/** What an answer said about itself. */
export interface Answer {
  /** It came to the end that the wire defines. */
  readonly complete: boolean;
  /** Null when it is missing, or cannot be true (zero for an answer with content). */
  readonly usage: MeteredUsage | null;
  /** The model that served, when it says so. */
  readonly model: string | null;
  /** The answer is an error, whatever its status. */
  readonly error: AnswerError | null;
  /** A reason why the configured rates cannot be what was charged, such as another service tier. */
  readonly unpriced: string | null;
}

export interface AnswerError {
  readonly code: string | null;
  readonly message: string;
}

/** Output and input limits of a plausible request: beyond these a number is refused, not priced. */
export const MAX_TOKENS = 4_000_000;
