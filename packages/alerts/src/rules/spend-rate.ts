import { formatUsd, NUSD_PER_USD, type Facts } from '@nightshift/domain';
import type { Rule } from '../rule.ts';

/** How many times its usual hour an agent may cost before a person hears of it. */
const USUAL_FACTOR = 5;
/** Below these nothing is worth waking anybody, whatever the factor. */
const FLOOR_HOUR_NUSD = NUSD_PER_USD / 20;
const FLOOR_5M_NUSD = NUSD_PER_USD / 100;
/** What counts as too much in an hour for an agent without a history. */
const STRANGER_HOUR_NUSD = NUSD_PER_USD;

/**
 * An agent that spends far faster than it used to, seen over a short and a long window: the long one
 * so that one dear call is no alarm, the short one (a twelfth of it) so that the alarm ends soon
 * after the spending does (multi-window burn rates, Site Reliability Workbook, chapter 5). It is the
 * rule for the run that succeeds every time and merely costs ten times as much.
 */
export const spendRate: Rule = {
  id: 'spend-rate',
  severity: 'page',
  doc: 'An agent spends several times its usual rate, over five minutes and over an hour.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate: (facts) =>
    facts.spendRate.filter(isUnusual).map((rate) => ({
      rule: spendRate.id,
      key: `${spendRate.id}:agent:${rate.agent}`,
      severity: spendRate.severity,
      title: `Agent ${rate.agent} spends unusually fast`,
      detail:
        `${formatUsd(rate.last5mNusd)} in five minutes and ${formatUsd(rate.last1hNusd)} in an ` +
        `hour; its usual hour costs ${formatUsd(rate.usualHourNusd)}.`,
    })),
};

function isUnusual(rate: Facts['spendRate'][number]): boolean {
  const usual = rate.usualHourNusd;
  const hour = usual > 0 ? Math.max(FLOOR_HOUR_NUSD, USUAL_FACTOR * usual) : STRANGER_HOUR_NUSD;
  const fiveMinutes = Math.max(FLOOR_5M_NUSD, hour / 12);
  return rate.last1hNusd >= hour && rate.last5mNusd >= fiveMinutes;
}
