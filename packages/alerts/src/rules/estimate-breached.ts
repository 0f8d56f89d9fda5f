import { formatUsd, sanitiseLine } from '@nightshift/domain';
import { brakeOf, ruleId, type Rule } from '../rule.ts';

const id = ruleId('estimate-breached');

/**
 * A call cost more than the bound that was held for it: a price, a tokenizer or a limit is not what
 * the gates believe, so the caps hold less than they promise. Stays open for an hour after the
 * last.
 */
export const estimateBreached: Rule = {
  id,
  severity: 'page',
  doc: 'A call cost more than was held for it within the last hour.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate: (facts, settings) =>
    facts.overBound.map((it) => ({
      rule: id,
      key: `${id}:${it.agent}:${it.endpoint}:${it.model}`,
      severity: estimateBreached.severity,
      title: sanitiseLine(`${it.model} at ${it.endpoint} costs more than it can`),
      detail: sanitiseLine(
        `${it.calls} ${it.calls === 1 ? 'call' : 'calls'} of ${it.agent} cost ` +
          `${formatUsd(it.excessNusd)} more than the bounds that were held. All of it is booked.`,
      ),
      ...brakeOf(settings.alerts.rules[id].halt, it.agent),
    })),
};
