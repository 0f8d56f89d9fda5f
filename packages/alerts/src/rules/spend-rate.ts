import { formatUsd, NUSD_PER_USD, type Facts } from '@nightshift/domain';
import { brakeOf, ruleId, type Rule } from '../rule.ts';

const id = ruleId('spend-rate');

/** Below these nothing is worth waking anybody, whatever the factor. */
const FLOOR_HOUR_NUSD = NUSD_PER_USD / 20;
const FLOOR_5M_NUSD = NUSD_PER_USD / 100;
/** What counts as too much in an hour for an agent without a history. */
const STRANGER_HOUR_NUSD = NUSD_PER_USD;

/**
 * An agent that spends far faster than it used to, seen over a short and a long window: the long
 * one so that one dear call is no alarm, the short one (a twelfth of it) so that the alarm ends
 * soon after the spending does (multi-window burn rates, Site Reliability Workbook, chapter 5). It
 * is the rule for the run that succeeds every time and merely costs ten times as much.
 */
export const spendRate: Rule = {
  id,
  severity: 'page',
  doc: 'An agent spends several times its usual rate, over five minutes and over an hour.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate(facts, settings) {
    const { factor, halt } = settings.alerts.rules[id];
    return facts.spendRate
      .filter((it) => isUnusual(it, factor))
      .map((rate) => ({
        rule: id,
        key: `${id}:agent:${rate.agent}`,
        severity: spendRate.severity,
        title: `Agent ${rate.agent} spends unusually fast`,
        detail:
          `${formatUsd(rate.last5mNusd)} in five minutes and ${formatUsd(rate.last1hNusd)} in an ` +
          `hour; its usual hour costs ${formatUsd(rate.usualHourNusd)}.`,
        ...brakeOf(halt, rate.agent),
      }));
  },
};

function isUnusual(rate: Facts['spendRate'][number], factor: number): boolean {
  const usual = rate.usualHourNusd;
  const hour = usual > 0 ? Math.max(FLOOR_HOUR_NUSD, factor * usual) : STRANGER_HOUR_NUSD;
  const fiveMinutes = Math.max(FLOOR_5M_NUSD, hour / 12);
  return rate.last1hNusd >= hour && rate.last5mNusd >= fiveMinutes;
}
