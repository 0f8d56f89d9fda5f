import { sanitiseLine } from '@nightshift/domain';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('egress-denied');

/**
 * An agent keeps reaching for what it was never given: it is under somebody else's orders, or its
 * grants are not what it needs. One agent is one incident; it ends a day after the last attempts.
 */
export const egressDenied: Rule = {
  id,
  severity: 'warn',
  doc: 'An agent was refused again and again what it was never given.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate: (facts, settings) =>
    facts.denied
      .filter((it) => it.attempts >= settings.alerts.rules[id].perDay)
      .map(({ agent, attempts, jobs, last }) => ({
        rule: id,
        key: `${id}:${agent}`,
        severity: egressDenied.severity,
        title: sanitiseLine(`${agent} reaches for what it was not given`),
        detail: sanitiseLine(
          `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} in ${jobs} ` +
            `${jobs === 1 ? 'job' : 'jobs'} since this time yesterday; ${last}`,
        ),
      })),
};
