import { DRILLS, type Facts } from '@nightshift/domain';
import { duration } from '../message.ts';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('drill-overdue');

/** A safety that nobody tripped on purpose for long is a belief. One incident for all of them. */
export const drillOverdue: Rule = {
  id,
  severity: 'info',
  doc: 'A drill has not passed for ninety days.',
  openAfter: 1,
  resolveAfter: 1,
  evaluate(facts, settings) {
    const overdue = overdueDrills(facts, settings.alerts.rules[id].afterMs);
    if (overdue.length === 0) return [];
    return [
      {
        rule: id,
        key: id,
        severity: drillOverdue.severity,
        title: 'Safeties have not been tried for long',
        detail: `${overdue.join(', ')}: run "nightshift drill all".`,
      },
    ];
  },
};

/** Names of drills that did not pass within `afterMs`, each with its age. */
export function overdueDrills(facts: Facts, afterMs: number): readonly string[] {
  return DRILLS.flatMap((name) => {
    const passedAt = facts.drills.find((it) => it.name === name)?.passedAt ?? null;
    // A fresh installation is given as long as everybody else.
    const ageMs = facts.now - (passedAt ?? facts.installedAt);
    if (ageMs < afterMs) return [];
    return [passedAt === null ? `${name} (never)` : `${name} (${duration(ageMs)} ago)`];
  });
}
