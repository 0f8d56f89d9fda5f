import { NUSD_PER_USD, type Nusd, formatUsd } from '@nightshift/domain';

/**
 * Nano-dollars as a JSON number of dollars: the double nearest to the exact decimal, which prints
 * as that decimal below a million dollars.
 */
export function usd(nusd: Nusd): number {
  return nusd / NUSD_PER_USD;
}

/** `$0.0042`: exact, for a person. */
export function dollars(nusd: Nusd): string {
  return formatUsd(nusd);
}
