import type { SpendTotal, WindowState } from '@nightshift/domain';
import type { Installation } from './installation.ts';

/** The budget windows that count now, with what stands in them. */
export async function spendWindows(installation: Installation): Promise<readonly WindowState[]> {
  return (await installation.store()).ledger.windows();
}

/** What was spent since a moment (epoch ms), by agent, model or day. */
export async function spendTotals(
  installation: Installation,
  request: { readonly by: 'agent' | 'model' | 'day'; readonly sinceAt: number },
): Promise<readonly SpendTotal[]> {
  return (await installation.store()).ledger.totals(request.by, request.sinceAt);
}

/** Compares the counters that decide with the rows that explain. Empty when they agree. */
export async function verifySpend(installation: Installation): Promise<readonly string[]> {
  return (await installation.store()).ledger.verify();
}
