import { sanitiseLine } from '@nightshift/domain';
import { attemptName } from '../observation.ts';
import { duration } from '../message.ts';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('job-overdue');

/**
 * An attempt that was seen to run for longer than its agent may: the worker should have ended its
 * child. Measured by what was observed, so that a machine that slept makes nobody overdue.
 */
export const jobOverdue: Rule = {
  id,
  severity: 'warn',
  doc: 'An attempt runs for longer than the time limit of its agent, and nobody ended it.',
  openAfter: 2,
  resolveAfter: 2,
  evaluate(facts, settings, { observation }) {
    const limits = new Map(settings.agents.map((it) => [it.name, it.timeoutMs]));
    return facts.attempts.flatMap((it) => {
      const limitMs = limits.get(it.agent);
      const ranMs = observation.runningMs[attemptName(it)] ?? 0;
      if (limitMs === undefined || ranMs < limitMs + settings.alerts.rules[id].afterMs) {
        return [];
      }
      return [
        {
          rule: id,
          key: `${id}:${it.job}`,
          severity: jobOverdue.severity,
          title: sanitiseLine(`A job of ${it.agent} does not end`),
          detail: sanitiseLine(
            `Attempt ${it.attempt} of job ${it.job} has run for ${duration(ranMs)}; ` +
              `the limit of ${it.agent} is ${duration(limitMs)}.`,
          ),
        },
      ];
    });
  },
};
