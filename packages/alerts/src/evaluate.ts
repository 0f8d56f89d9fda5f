import { toError, type Finding, type Settings } from '@nightshift/domain';
import { RULES } from './conditions.ts';
import { isUnavailable, type Memory, type Rule, type Sight } from './rule.ts';
import { factsUnavailable } from './rules/facts-unavailable.ts';

/** What the rules say, and what they could judge at all. */
export interface Verdict {
  readonly findings: readonly Finding[];
  /** True when the absence of a finding means that all is well: only then may it resolve. */
  judges(rule: string, key: string): boolean;
}

/** Runs every rule over one tick. A rule that throws is a finding of its own, not the end of all. */
export function evaluate(
  sight: Sight,
  settings: Settings,
  memory: Memory,
  rules: readonly Rule[] = RULES,
): Verdict {
  if (isUnavailable(sight)) {
    const findings = factsUnavailable.evaluate(sight);
    return { findings, judges: (rule) => rule === factsUnavailable.id };
  }
  const findings: Finding[] = [];
  const judged = new Set([factsUnavailable.id]);
  const unsure = new Set<string>();
  for (const rule of rules) {
    try {
      findings.push(...rule.evaluate(sight, settings, memory));
      for (const key of rule.unsure?.(sight, settings, memory) ?? []) unsure.add(key);
      judged.add(rule.id);
    } catch (error) {
      findings.push(watchdogError(`rule ${rule.id}`, error));
    }
  }
  return { findings, judges: (rule, key) => judged.has(rule) && !unsure.has(key) };
}

/** A part of the watchdog failed: the others go on, and a person hears of it. */
export function watchdogError(part: string, error: unknown): Finding {
  return {
    rule: 'watchdog-error',
    key: `watchdog-error:${part}`,
    severity: 'page',
    title: `The watchdog's ${part} failed`,
    detail: toError(error).message,
  };
}
