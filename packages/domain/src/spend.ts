import type { Nusd } from './money.ts';

/** Spans over which a cap counts. `call` is a limit on one bound and needs no counter. */
export type WindowKind = 'call' | 'job' | 'hour' | 'day' | 'month';

/** Whose cap: everybody's, or one agent's. */
export type BudgetScope = 'global' | `agent:${string}`;

/** A cap. The reserve reads caps from the `budgets` table alone, never from a configuration. */
export interface Budget {
  readonly scope: BudgetScope;
  readonly window: WindowKind;
  readonly capNusd: Nusd;
}

/**
 * Life of a hold. A hold ends as `settled` (the actual is known), `released` (it provably never
 * cost anything) or `presumed` (anything unknown: it counts at its bound). There is no way from
 * `held` to nothing.
 */
export type HoldState = 'held' | 'settled' | 'released' | 'presumed';

/** A hold that was not sent within this time is taken again: its checks are stale. */
export const HOLD_FRESH_MS = 5_000;

/** Hard cap on the length of one model call. */
export const CALL_MAX_MS = 30 * 60_000;

/** Token counts as a provider reports them, already in one shape for all wires. */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
}

/** How a call ended, as the ledger books it. See {@link OUTCOMES}. */
export type CallOutcome =
  | 'answered'
  | 'answered-without-usage'
  | 'rejected-unbilled'
  | 'server-error'
  | 'never-left'
  | 'cut'
  | 'timeout'
  | 'aborted'
  | 'crashed';

/**
 * The outcome table: what each ending does to the hold. Only two are proof that nothing was billed:
 * the request never left, or the provider rejected it with an error that carries no usage.
 */
export const OUTCOMES: Readonly<Record<CallOutcome, Exclude<HoldState, 'held'>>> = {
  answered: 'settled',
  'answered-without-usage': 'presumed',
  'rejected-unbilled': 'released',
  'server-error': 'presumed',
  'never-left': 'released',
  cut: 'presumed',
  timeout: 'presumed',
  aborted: 'presumed',
  crashed: 'presumed',
};

/** Statuses with which a provider refuses before doing any billable work. */
export const UNBILLED_STATUSES: ReadonlySet<number> = new Set([
  400, 401, 403, 404, 413, 422, 429, 503, 529,
]);

/**
 * Why the gates refused, in the order in which they are asked. What each means for the job is in
 * {@link REFUSAL_EFFECT}.
 */
export type RefusalReason =
  | 'halted'
  | 'lease-lost'
  | 'agent-paused'
  | 'breaker-open'
  | 'endpoint-unknown'
  | 'model-unknown'
  | 'host-denied'
  | 'robots-denied'
  | 'request-denied'
  | 'rate-limited'
  | 'price-unknown'
  | 'cap-call'
  | 'cap-job'
  | 'cap-hour'
  | 'cap-day'
  | 'cap-month'
  | 'hold-stale';

/**
 * A refusal is not a failure of the job and uses no attempt: `return` puts it back in the queue at
 * once, `wait` puts it back until the window opens, `dead` ends it, because waiting changes nothing.
 */
export const REFUSAL_EFFECT: Readonly<Record<RefusalReason, 'return' | 'wait' | 'dead'>> = {
  halted: 'return',
  'lease-lost': 'return',
  'agent-paused': 'return',
  'breaker-open': 'wait',
  'endpoint-unknown': 'dead',
  'model-unknown': 'dead',
  'host-denied': 'dead',
  // A page is an error that an agent can cope with; only one that lets it through is dead.
  'robots-denied': 'dead',
  'request-denied': 'dead',
  'rate-limited': 'wait',
  'price-unknown': 'dead',
  'cap-call': 'dead',
  'cap-job': 'dead',
  'cap-hour': 'wait',
  'cap-day': 'wait',
  'cap-month': 'wait',
  'hold-stale': 'return',
};

/** A refusal with the numbers that explain it. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
  /** When it makes sense to ask again, epoch ms. Only for `wait`. */
  readonly until?: number;
  /** For a cap: what stands in the window that said no. */
  readonly window?: WindowState;
}

/** One budget window as it stands. */
export interface WindowState {
  readonly scope: BudgetScope;
  readonly window: WindowKind;
  /** Which one: `2026-11-22`, `2026-11-22T14`, `2026-11`, or a job id. */
  readonly key: string;
  readonly capNusd: Nusd;
  readonly settledNusd: Nusd;
  readonly heldNusd: Nusd;
  readonly presumedNusd: Nusd;
}

/** Settled, held and presumed together: what a cap is compared with. */
export function committedNusd(w: WindowState): Nusd {
  return w.settledNusd + w.heldNusd + w.presumedNusd;
}
