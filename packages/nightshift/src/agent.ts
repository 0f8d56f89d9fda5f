import type { Json, LogLevel } from '@nightshift/domain';

/**
 * The agent's side of Nightshift. An agent is a function of a context and an input; everything it
 * may do to the world is a method of the context, and each passes the gates of the process outside.
 * This module is light on purpose: it is loaded in every sandboxed child.
 */

/** What an agent may do. */
export interface AgentContext {
  readonly job: JobInfo;
  /** The last report of a finished job of this agent, or null the first time. */
  readonly previous: PreviousReport | null;
  /** Aborted when the job must end: halt, drain, deadline, a lost lease, a cancel. */
  readonly signal: AbortSignal;
  /**
   * Runs `fn` once per job, however often the job is retried: a completed step returns its stored
   * result. Results are JSON. A duplicate or nested name is an error that names it.
   */
  step<T>(name: string, fn: () => T | Promise<T>): Promise<T>;
  /** An AI SDK language model by its alias in the configuration (`default` when left out). */
  model(alias?: string): AgentModel;
  /** `fetch` through the broker: allowed hosts only, GET and HEAD unless declared. */
  readonly fetch: typeof globalThis.fetch;
  /** Files the job's one report. */
  report(report: AgentReport): Promise<void>;
  /**
   * Asks for an action that the configuration declares and `allow.actions` grants. Nothing happens:
   * a person sees exactly these arguments, and approves or rejects them. The same action with the
   * same arguments in the same job is one draft, however often the job is retried.
   */
  draft(action: string, args: Json): Promise<AgentDraft>;
  /** How far it is: shown in `jobs show`, live in `run`, and in the log. */
  progress(done: number, total: number, note?: string): void;
  readonly log: AgentLog;
}

export interface JobInfo {
  readonly id: string;
  readonly agent: string;
  readonly attempt: number;
  /** The slot this job was made for; null when a person enqueued it. */
  readonly scheduledFor: Date | null;
  readonly deadline: Date;
}

export interface PreviousReport {
  readonly at: Date;
  readonly data: Json;
}

export interface AgentReport {
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  /** Remembered for the next run, as `ctx.previous.data`. */
  readonly data?: Json;
  /** True to send the title and the beginning to the alert channels. */
  readonly notify?: boolean;
}

/** A draft that waits for a person. */
export interface AgentDraft {
  readonly id: string;
  /** It expires when nobody has decided by then. */
  readonly expiresAt: Date;
}

export type AgentLog = Readonly<
  Record<LogLevel, (message: string, fields?: { readonly [key: string]: Json }) => void>
>;

/**
 * A language model of the AI SDK. Typed loosely here so that importing `nightshift` does not load
 * the AI SDK; pass it as `model` to `generateText`, `streamText` and the others.
 */
export type AgentModel = import('@ai-sdk/provider').LanguageModelV4 & {
  /** True for the built-in extractive model, which sends nothing and costs nothing. */
  readonly extractive?: boolean;
};

/** A validator with a `parse` that throws, such as a zod schema. */
export interface InputSchema<T> {
  parse(input: unknown): T;
}

export type AgentFunction<T = Json> = (ctx: AgentContext, input: T) => Promise<void> | void;

export interface AgentDefinition<T = Json> {
  readonly kind: 'nightshift-agent';
  readonly input: InputSchema<T> | null;
  readonly run: AgentFunction<T>;
}

/** Declares an agent: the default export of its entry file. */
export function defineAgent<T = Json>(
  agent: AgentFunction<T> | { readonly input: InputSchema<T>; readonly run: AgentFunction<T> },
): AgentDefinition<T> {
  if (typeof agent === 'function') return { kind: 'nightshift-agent', input: null, run: agent };
  return { kind: 'nightshift-agent', input: agent.input, run: agent.run };
}

/** Throw to end the job as cancelled: nothing to do, and no retry would help. */
export class Cancel extends Error {
  override readonly name = 'Cancel';
}

/** Throw to be tried again after `ms` milliseconds. Counts as an attempt. */
export class RetryAfter extends Error {
  override readonly name = 'RetryAfter';
  readonly ms: number;

  constructor(ms: number, message = `retry after ${ms} ms`) {
    super(message);
    this.ms = ms;
  }
}
