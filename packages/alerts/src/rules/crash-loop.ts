import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('crash-loop');

/** A service that starts again and again beats in between, so silence alone would not find it. */
export const crashLoop: Rule = {
  id,
  severity: 'page',
  doc: 'A service was started several times within ten minutes.',
  openAfter: 1,
  resolveAfter: 30,
  evaluate: (facts, settings) =>
    facts.starts
      .filter((it) => it.count >= settings.alerts.rules[id].starts)
      .map((it) => ({
        rule: id,
        key: `${id}:${it.service}`,
        severity: crashLoop.severity,
        title: `The ${it.service} does not stay up`,
        detail: `It was started ${it.count} times within ten minutes.`,
      })),
};
