import { sanitiseLine, type Finding, type Unavailable } from '@nightshift/domain';
import type { Condition } from '../rule.ts';

/**
 * The shared database cannot be read. Nothing else can be judged meanwhile, so every other rule is
 * left as it stands: neither opened nor resolved, and nobody is killed for what was not seen.
 */
export const factsUnavailable: Condition & { evaluate(sight: Unavailable): Finding[] } = {
  id: 'facts-unavailable',
  severity: 'page',
  doc: 'The shared database cannot be read, so nothing else can be judged.',
  openAfter: 3,
  resolveAfter: 2,
  evaluate: (sight) => [
    {
      rule: factsUnavailable.id,
      key: factsUnavailable.id,
      severity: factsUnavailable.severity,
      title: 'The database cannot be read',
      detail: sanitiseLine(sight.unavailable, 500),
    },
  ],
};
