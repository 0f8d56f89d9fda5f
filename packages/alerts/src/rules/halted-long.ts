import { sanitiseLine } from '@nightshift/domain';
import { isHalted } from '../observation.ts';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('halted-long');

/** Somebody halted the system and may have forgotten it. */
export const haltedLong: Rule = {
  id,
  severity: 'warn',
  doc: 'The system has been halted for long: twelve hours by default.',
  openAfter: 1,
  resolveAfter: 1,
  evaluate(facts, settings, { observation }) {
    if (!isHalted(facts)) return [];
    // A STOP file alone carries no time, so what this watchdog saw itself counts, too.
    const since = facts.halt.at === null ? 0 : facts.now - facts.halt.at;
    if (Math.max(since, observation.haltedMs) < settings.alerts.rules[id].afterMs) return [];
    const who = sanitiseLine(facts.halt.who ?? 'somebody (a STOP file)');
    const why = sanitiseLine(facts.halt.reason ?? 'no reason given', 500);
    return [
      {
        rule: id,
        key: id,
        severity: haltedLong.severity,
        title: 'Still halted',
        detail: `Halted by ${who}: ${why}. No job runs until "nightshift resume".`,
      },
    ];
  },
  // How long a STOP file has been there is only what was observed.
  unsure: (facts) => (isHalted(facts) ? [id] : []),
};
