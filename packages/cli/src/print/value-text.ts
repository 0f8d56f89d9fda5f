import type { Value } from '@nightshift/operate';
import { usd } from './dollars.ts';

/** Value for a program. */
export function valueDocument(value: Value): object {
  return {
    sinceAt: value.sinceAt,
    reports: value.reports,
    savedUsd: usd(value.savedNusd),
    spentUsd: usd(value.spentNusd),
    netUsd: usd(value.netNusd),
    agents: value.agents.map((it) => ({
      agent: it.agent,
      reports: it.reports,
      savedUsd: it.valued ? usd(it.savedNusd) : null,
      spentUsd: usd(it.spentNusd),
      netUsd: usd(it.netNusd),
    })),
  };
}
