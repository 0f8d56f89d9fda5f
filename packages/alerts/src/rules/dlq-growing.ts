import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('dlq-growing');

/** One dead letter is a job's trouble; several within an hour are the system's. */
export const dlqGrowing: Rule = {
  id,
  severity: 'page',
  doc: 'Jobs die one after the other.',
  openAfter: 1,
  resolveAfter: 30,
  evaluate(facts, settings) {
    const { perHour } = settings.alerts.rules[id];
    if (facts.deadLastHour < perHour) return [];
    return [
      {
        rule: id,
        key: id,
        severity: dlqGrowing.severity,
        title: 'Jobs die one after the other',
        detail: `${facts.deadLastHour} within the last hour, ${facts.queue.dead} in all.`,
      },
    ];
  },
};
