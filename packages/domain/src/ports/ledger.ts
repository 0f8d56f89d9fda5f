import type { BudgetScope, CallOutcome, Refusal, Usage, WindowState, Budget } from '../spend.ts';
import type { Principal } from '../capabilities.ts';
import type { Nusd } from '../money.ts';
import type { Actor } from './job-store.ts';

/** What the broker asks the ledger to hold before a call leaves. */
export interface HoldRequest {
  readonly principal: Principal;
  readonly step: string;
  readonly ordinal: number;
  readonly endpoint: string;
  readonly model: string;
  readonly priceVersion: string;
  readonly boundNusd: Nusd;
  readonly requestHash: string;
}

/** An admitted call. `takenAt` is checked again directly before the first byte leaves. */
export interface Hold {
  readonly id: string;
  readonly takenAt: number;
  readonly boundNusd: Nusd;
}

/** The end of a call. */
export interface Ending {
  readonly outcome: CallOutcome;
  /** Present for `answered`: what it really cost. May be above the bound; recorded in full. */
  readonly actualNusd?: Nusd;
  readonly usage?: Usage;
  readonly status?: number;
  readonly detail?: string;
  /** Journalled with the settlement, in the same transaction, when the answer is complete. */
  readonly journal?: JournalledResponse;
}

/** A complete response, kept so that a retry of the same step replays it instead of paying again. */
export interface JournalledResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/**
 * The money. `reserve` decides halt, lease, pause and every window in one transaction; nothing else
 * admits a call.
 */
export interface Ledger {
  reserve(request: HoldRequest): Promise<{ hold: Hold } | { refused: Refusal }>;
  /** Notes that the first byte is about to leave. False when the hold is not `held` any more or is
   * older than `HOLD_FRESH_MS`: do not send. */
  sent(hold: string): Promise<boolean>;
  /** Ends a hold by the outcome table. Idempotent: false when it had ended already. */
  end(hold: string, ending: Ending): Promise<boolean>;
  /** Turns holds of attempts that are over, or of instances proven dead, into presumed spend. */
  presumeOrphans(instance: string | null): Promise<number>;
  /** A journalled response of the same job, step, ordinal and request. */
  journalled(
    job: string,
    step: string,
    ordinal: number,
    requestHash: string,
  ): Promise<JournalledResponse | null>;
  /** Replaces the caps with those of a configuration, newest version wins. */
  setBudgets(budgets: readonly Budget[], version: number, timezone: string): Promise<boolean>;
  /** Version of the configuration whose caps hold; 0 before there was one. */
  capsVersion(): Promise<number>;
  /** Windows that count now, with their caps, also those without any spend yet. */
  windows(): Promise<readonly WindowState[]>;
  spendRows(filter: SpendFilter): Promise<readonly SpendRow[]>;
  /** Totals by agent, model or day. */
  totals(by: 'agent' | 'model' | 'day', sinceAt: number): Promise<readonly SpendTotal[]>;
  /** One page of all calls since a moment, oldest first, after the id that the page before ended with. */
  page(request: SpendPage): Promise<readonly SpendLine[]>;
  /** A person says what an ended call cost; the bound stays. Audited. @throws NightshiftError
   * `hold-unknown`, `hold-open`. */
  correct(
    request: { readonly id: string; readonly toNusd: Nusd; readonly reason: string },
    actor: Actor,
  ): Promise<Correction>;
  /** Raises the cap of today's window; ends with the window. Audited. @throws NightshiftError
   * `no-cap`. */
  raiseToday(
    request: { readonly scope: BudgetScope; readonly addNusd: Nusd; readonly reason: string },
    actor: Actor,
  ): Promise<Raise>;
  /** Takes the clock as it is for the truth, whatever was believed before. Audited. */
  acceptClock(actor: Actor): Promise<{ readonly beforeAt: number; readonly nowAt: number }>;
  /** Compares counters with rows. Empty when they agree. */
  verify(): Promise<readonly string[]>;
}

export interface SpendPage {
  readonly sinceAt: number;
  /** Id of the last line of the page before; '' for the first. */
  readonly after: string;
  readonly limit: number;
}

/** One call with everything that explains it. */
export interface SpendLine extends SpendRow {
  readonly day: string;
  readonly status: number | null;
  readonly detail: string | null;
  /** What it counts for in its windows. */
  readonly countsNusd: Nusd;
}

/** A correction that was made. `fromNusd` is what the call counted for before. */
export interface Correction {
  readonly id: string;
  readonly fromNusd: Nusd;
  readonly toNusd: Nusd;
  readonly boundNusd: Nusd;
}

/** A raise that was made, and what the window may cost with all its raises. */
export interface Raise {
  readonly scope: BudgetScope;
  readonly key: string;
  readonly addNusd: Nusd;
  readonly capNusd: Nusd;
  /** Jobs that waited for a cap and are asked again. */
  readonly woken: number;
}

export interface SpendFilter {
  readonly job?: string;
  readonly limit: number;
}

export interface SpendRow {
  readonly id: string;
  readonly job: string;
  readonly attempt: number;
  readonly agent: string;
  readonly step: string;
  readonly ordinal: number;
  readonly endpoint: string;
  readonly model: string;
  readonly priceVersion: string;
  readonly boundNusd: Nusd;
  readonly actualNusd: Nusd | null;
  readonly state: 'held' | 'settled' | 'released' | 'presumed';
  readonly outcome: CallOutcome | null;
  readonly usage: Usage | null;
  readonly takenAt: number;
  readonly sentAt: number | null;
  readonly endedAt: number | null;
}

export interface SpendTotal {
  readonly name: string;
  readonly calls: number;
  readonly settledNusd: Nusd;
  readonly heldNusd: Nusd;
  readonly presumedNusd: Nusd;
}

/** Scope of an agent's own caps. */
export function agentScope(agent: string): BudgetScope {
  return `agent:${agent}`;
}
