import type {
  BrakeSetting,
  Facts,
  Finding,
  RuleSettings,
  Settings,
  Severity,
  Unavailable,
} from '@nightshift/domain';
import type { Observation } from './observation.ts';
import type { Seen } from './seen.ts';

/**
 * Something that can be wrong. `id` is stable: it is the first part of every dedupe key, the
 * heading in RUNBOOK.md and what a person silences.
 */
export interface Condition {
  readonly id: string;
  readonly severity: Severity;
  /** One sentence: when it is raised. */
  readonly doc: string;
  /** Bad ticks in a row before a person is told; 1 where the rule itself waits. */
  readonly openAfter: number;
  /** Good ticks in a row before it counts as over. */
  readonly resolveAfter: number;
}

/** What the watchdog knows besides this tick's facts. */
export interface Memory {
  readonly observation: Observation;
  /** Dead letters that were told already. */
  readonly deadSeen: Seen;
}

/** A condition that can be read off the facts. Pure: same facts and memory, same findings. */
export interface Rule extends Condition {
  evaluate(facts: Facts, settings: Settings, memory: Memory): readonly Finding[];
  /**
   * Keys of which it cannot say yet that they are well: what a watchdog that has just started, or a
   * machine that has just woken up, did not observe for long enough. Their incidents stand still.
   */
  unsure?(facts: Facts, settings: Settings, memory: Memory): readonly string[];
}

/** The facts of a tick, or why there are none. */
export type Sight = Facts | Unavailable;

/** True when nothing could be read. */
export function isUnavailable(sight: Sight): sight is Unavailable {
  return 'unavailable' in sight;
}

/** The id of a rule that has settings, under which they are found. */
export function ruleId<const Id extends keyof RuleSettings>(id: Id): Id {
  return id;
}

/** What a finding about `agent` (null: about everybody) asks to be stopped, by the operator's word. */
export function brakeOf(setting: BrakeSetting, agent: string | null): Pick<Finding, 'brake'> {
  if (setting === 'all') return { brake: 'all' };
  return setting === 'agent' && agent !== null ? { brake: { agent } } : {};
}
