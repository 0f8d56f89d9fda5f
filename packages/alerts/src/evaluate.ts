import { toError, type Finding, type Settings } from '@nightshift/domain';
import { RULES } from './conditions.ts';
import { isUnavailable, type Memory, type Rule, type Sight } from './rule.ts';
import { factsUnavailable } from './rules/facts-unavailable.ts';

/** What the rules say, and which of them could say anything. */
export interface Verdict {
  readonly findings: readonly Finding[];
  /** Ids that were judged: only their incidents may resolve. */
  readonly judged: ReadonlySet<string>;
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
    return { findings, judged: new Set([factsUnavailable.id]) };
  }
  const findings: Finding[] = [];
  const judged = new Set([factsUnavailable.id]);
  for (const rule of rules) {
    try {
      findings.push(...rule.evaluate(sight, settings, memory));
      judged.add(rule.id);
    } catch (error) {
      findings.push(watchdogError(`rule ${rule.id}`, error));
    }
  }
  return { findings, judged };
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
