import type { EndpointProtocol, InnerDenial, Json, Refusal } from '@nightshift/domain';

/**
 * What the messages say. `hello` (child) -> `start` (parent) -> `call` / `result` / `error` with
 * bodies as `data` ... `end`, paced by `credit` -> `finish` (child). `abort` with id 0 tells the
 * agent to end, with a call's id it takes that call back.
 */
export const PROTOCOL_VERSION = 1;

/** Bytes of a body that may be sent before the first credit arrives, per call and direction. */
export const INITIAL_CREDIT_BYTES = 262_144;
/** Longest request body, bytes. It is metered as a whole, so it is held as a whole. */
export const REQUEST_MAX_BYTES = 16_777_216;
/** Longest response body, bytes. */
export const RESPONSE_MAX_BYTES = 67_108_864;
/** Open calls of one child: requests, and everything else (steps, report, log, progress, denials). */
export const OPEN_REQUESTS_MAX = 32;
export const OPEN_CONTROLS_MAX = 8;

/** How `ctx.model(alias)` is made in the child. No key: the broker adds it. */
export type ChildModel =
  | { readonly kind: 'extractive' }
  | {
      readonly kind: 'endpoint';
      readonly protocol: EndpointProtocol;
      /** Absolute, without a trailing slash. */
      readonly baseUrl: string;
      /** The model's name on the wire. */
      readonly model: string;
    };

/** What the agent is told about its job. Times are epoch milliseconds. */
export interface ChildJob {
  readonly id: string;
  readonly agent: string;
  readonly attempt: number;
  readonly scheduledFor: number | null;
  readonly deadline: number;
}

export interface Start {
  /** Absolute path of the entry file. */
  readonly entry: string;
  readonly job: ChildJob;
  readonly previous: { readonly at: number; readonly data: Json } | null;
  readonly input: Json;
  readonly models: Readonly<Record<string, ChildModel>>;
}

export type HeaderList = readonly (readonly [string, string])[];

/** A request's head; its body follows as exactly `bodyBytes` raw bytes. */
export interface HttpParams {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderList;
  readonly step: string;
  readonly ordinal: number;
  readonly bodyBytes: number;
}

export type Call =
  | { readonly method: 'http'; readonly params: HttpParams }
  | { readonly method: 'stepResult'; readonly params: { readonly name: string } }
  | {
      readonly method: 'completeStep';
      readonly params: { readonly name: string; readonly result: Json };
    }
  | { readonly method: 'report'; readonly params: ReportParams }
  | { readonly method: 'draft'; readonly params: { readonly action: string; readonly args: Json } }
  | { readonly method: 'progress'; readonly params: { done: number; total: number; note: string } }
  | { readonly method: 'log'; readonly params: LogParams }
  | { readonly method: 'denied'; readonly params: InnerDenial };

export interface ReportParams {
  readonly title: string;
  readonly body: string;
  readonly data: Json;
  readonly notify: boolean;
}

export interface LogParams {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: { readonly [key: string]: Json };
}

/** The answer to `http`, before the body. */
export interface HttpHead {
  readonly status: number;
  readonly headers: HeaderList;
}

/** A call that was not done. `refusal` when a gate said no. */
export interface CallError {
  readonly code: string;
  readonly message: string;
  readonly refusal?: Refusal;
}

/** How the agent ended, in its own words. */
export type Finish =
  | { readonly kind: 'done' }
  | { readonly kind: 'cancel'; readonly message: string }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
    };
