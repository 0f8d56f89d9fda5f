import type { JobError, Progress } from './job.ts';
import type { Json } from './json.ts';
import type { Refusal } from './spend.ts';

/**
 * Everything an agent may do. The sandbox carries these calls over its channel; the worker
 * implements them behind the gates. Nothing else leaves the child.
 */
export interface Capabilities {
  /** One HTTP request through the broker: a model call or a plain fetch, decided by the URL. */
  http(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  /** The stored result of a completed step of this job, if there is one. */
  stepResult(name: string): Promise<{ found: false } | { found: true; result: Json }>;
  /** Stores a completed step. Rejects a name that is stored already. */
  completeStep(name: string, result: Json): Promise<void>;
  /** Files the job's one report. */
  report(report: ReportDraft): Promise<void>;
  /** Asks for an action: writes a draft that a person may approve. Nothing happens by itself. */
  draft(action: string, args: Json): Promise<DraftReceipt>;
  progress(progress: Progress): Promise<void>;
  log(level: LogLevel, message: string, fields: { readonly [key: string]: Json }): Promise<void>;
  /** The walls around the child held. Never rejects: nothing depends on its being told. */
  denied(denial: InnerDenial): Promise<void>;
}

/** What a child was denied inside of its sandbox, in its own words. */
export interface InnerDenial {
  /** Node's name of the permission (`Net`, `FileSystemRead`), or of the function that denies. */
  readonly permission: string;
  /** The file, host or process that it was about; '' where that is not known. */
  readonly resource: string;
  /** How often this attempt has tried anything of the kind, this time included. */
  readonly count: number;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A request as the child made it, with its whole body: the body is what gets metered. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** The step it was made in, '' outside of any, and its number there, from 0. */
  readonly step: string;
  readonly ordinal: number;
}

/** A response with a streamed body. A refusal by a gate is a rejection, not a response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: AsyncIterable<Uint8Array>;
}

/** What an agent reports, before the store gives it an id. */
export interface ReportDraft {
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  /** Whatever the next run of the same agent wants to remember, as `ctx.previous.data`. */
  readonly data: Json;
  /** True to send title and a summary to the alert channels. */
  readonly notify: boolean;
}

/** A draft that was filed. It waits for a person until then, epoch ms. */
export interface DraftReceipt {
  readonly id: string;
  readonly expiresAt: number;
}

/** Who is asking: what the worker knows about the attempt, never what the child says. */
export interface Principal {
  readonly job: string;
  readonly attempt: number;
  readonly agent: string;
  readonly instance: string;
  readonly leaseToken: string;
}

/** The gates said no. Carried to the child, and decides what becomes of the job. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code = 'refused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** What the sandbox says of a finished child. */
export type ChildOutcome =
  | { readonly kind: 'done' }
  /** The agent threw `Cancel`: the job is cancelled, not failed. */
  | { readonly kind: 'cancel'; readonly message: string }
  | {
      readonly kind: 'failed';
      readonly error: JobError;
      readonly retryAfterMs?: number;
      /** The last call that a gate refused during the attempt, if one was. */
      readonly refusal?: Refusal;
    }
  /** The child died without a word: signal, exit code, memory. */
  | { readonly kind: 'crashed'; readonly error: JobError }
  | { readonly kind: 'timeout'; readonly error: JobError }
  /** Aborted from outside: halt, drain or a lost lease. */
  | { readonly kind: 'aborted'; readonly reason: string };
