import type { Ledger, Settings } from '@nightshift/domain';
import type { Log } from './logger.ts';

/** What is wrong with a configuration that is older than the one whose caps hold. */
export const CAPS_SUPERSEDED =
  'the caps of this configuration do not hold: a newer one has set others';

/**
 * Puts the caps of a service's settings in force. Where a newer configuration has set others, those
 * hold, and the log says so: a person who lowered a cap must be able to find out that it does not
 * count.
 *
 * @returns whether the caps of these settings hold now.
 */
export async function putBudgets(
  { ledger }: { readonly ledger: Pick<Ledger, 'setBudgets'> },
  { budgets, version, timezone, file }: Settings,
  log: Pick<Log, 'warn'>,
): Promise<boolean> {
  const held = await ledger.setBudgets(budgets, version, timezone);
  if (!held) {
    log.warn('budgets-superseded', `${CAPS_SUPERSEDED}; save it again to make it the newest`, {
      file,
    });
  }
  return held;
}
