import { duration } from '../message.ts';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('holds-leaking');

/**
 * A hold ends with its call, and no call may last half an hour. One that is older belongs to nobody
 * and keeps money from everybody.
 */
export const holdsLeaking: Rule = {
  id,
  severity: 'warn',
  doc: 'Money is held for a call that should have ended long ago.',
  openAfter: 30,
  resolveAfter: 2,
  evaluate(facts, settings) {
    const { count, oldestAt } = facts.holds;
    const ageMs = oldestAt === null ? 0 : facts.now - oldestAt;
    if (ageMs < settings.alerts.rules[id].afterMs) return [];
    return [
      {
        rule: id,
        key: id,
        severity: holdsLeaking.severity,
        title: 'Money is held for nothing',
        detail: `The oldest of ${count} ${count === 1 ? 'hold' : 'holds'} is ${duration(ageMs)} old.`,
      },
    ];
  },
};
