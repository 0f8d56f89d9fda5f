import { duration } from '../message.ts';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('drafts-waiting');

/** An agent asked for something that only a person may allow, and nobody looked. */
export const draftsWaiting: Rule = {
  id,
  severity: 'info',
  doc: 'Drafts have been waiting for a person for long.',
  openAfter: 1,
  resolveAfter: 1,
  evaluate(facts, settings) {
    const { waiting, oldestAt } = facts.drafts;
    const ageMs = oldestAt === null ? 0 : facts.now - oldestAt;
    if (ageMs < settings.alerts.rules[id].afterMs) return [];
    const what = waiting === 1 ? 'A draft waits' : `${waiting} drafts wait`;
    return [
      {
        rule: id,
        key: id,
        severity: draftsWaiting.severity,
        title: `${what} for a person`,
        detail: `The oldest has waited for ${duration(ageMs)}. They expire by themselves.`,
      },
    ];
  },
};
