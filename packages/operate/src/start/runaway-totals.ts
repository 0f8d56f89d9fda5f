import { type Nusd, type SpendRow, parseUsd } from '@nightshift/domain';
import type { Installation } from '../installation.ts';
import { DEMO_BUDGET } from './demo-config.ts';

/** Calls of the runaway that are looked at; its budget is gone long before. */
const CALLS_MAX = 500;

/** What the ledger says of one job. */
export interface LedgerTotals {
  /** Oldest first. */
  readonly calls: readonly SpendRow[];
  readonly settledNusd: Nusd;
  readonly heldNusd: Nusd;
  readonly presumedNusd: Nusd;
  readonly capNusd: Nusd;
}

/** Adds up the ledger's rows of a job. */
export async function ledgerTotals(installation: Installation, job: string): Promise<LedgerTotals> {
  const { ledger } = await installation.store();
  const rows = await ledger.spendRows({ job, limit: CALLS_MAX });
  const sum = (state: SpendRow['state'], pick: (row: SpendRow) => number): Nusd =>
    rows.filter((row) => row.state === state).reduce((total, row) => total + pick(row), 0);
  return {
    calls: rows.toReversed(),
    settledNusd: sum('settled', (row) => row.actualNusd ?? 0),
    heldNusd: sum('held', (row) => row.boundNusd),
    presumedNusd: sum('presumed', (row) => row.boundNusd),
    capNusd: parseUsd(DEMO_BUDGET),
  };
}
