import { sanitiseLine } from '@nightshift/domain';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('cap-waits');

/**
 * Work stands still because a budget window is full, or too full for its next call: what is spent
 * may still look harmless. One incident for all of it, which ends when the window opens.
 */
export const capWaits: Rule = {
  id,
  severity: 'warn',
  doc: 'Jobs wait for a budget window to open.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate(facts, settings) {
    const { jobs, agents, untilAt } = facts.capWaits;
    if (jobs < settings.alerts.rules[id].jobs || untilAt === null) return [];
    const what = jobs === 1 ? 'A job waits' : `${jobs} jobs wait`;
    const at = `${new Date(untilAt).toISOString().slice(0, 16)}Z`;
    return [
      {
        rule: id,
        key: id,
        severity: capWaits.severity,
        title: sanitiseLine(`${what} for the budget: ${agents.join(', ')}`),
        detail: `No attempt is used up. The first is asked again at ${at}.`,
      },
    ];
  },
};
