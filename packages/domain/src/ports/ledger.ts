import type { BudgetScope, CallOutcome, Refusal, Usage, WindowState, Budget } from '../spend.ts';
import type { Principal } from '../capabilities.ts';
import type { Nusd } from '../money.ts';

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
  /** Windows that count now, with their caps, also those without any spend yet. */
  windows(): Promise<readonly WindowState[]>;
  spendRows(filter: SpendFilter): Promise<readonly SpendRow[]>;
  /** Totals by agent, model or day. */
  totals(by: 'agent' | 'model' | 'day', sinceAt: number): Promise<readonly SpendTotal[]>;
  /** Compares counters with rows. Empty when they agree. */
  verify(): Promise<readonly string[]>;
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
