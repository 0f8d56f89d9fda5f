import { sanitiseLine, type Breaker } from '@nightshift/domain';
import type { Rule } from '../rule.ts';

/** An endpoint failed so often that calls to it are refused. Half-open still counts as open. */
export const breakerOpen: Rule = {
  id: 'breaker-open',
  severity: 'warn',
  doc: 'The breaker of an endpoint is open: calls to it are refused until a probe succeeds.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate: (facts) =>
    facts.breakers
      .filter((it) => it.state !== 'closed')
      .map((it) => ({
        rule: breakerOpen.id,
        key: `${breakerOpen.id}:${it.name}`,
        severity: breakerOpen.severity,
        title: sanitiseLine(`Endpoint ${it.name} is cut off by its breaker`),
        detail: detail(it),
      })),
};

function detail(breaker: Breaker): string {
  const why = sanitiseLine(breaker.reason ?? 'no reason recorded', 500);
  const probe =
    breaker.nextProbeAt === null
      ? ''
      : ` Next probe ${new Date(breaker.nextProbeAt).toISOString().slice(0, 19)}Z.`;
  return `${breaker.failures} failures, opened ${breaker.openings} times in a row: ${why}.${probe}`;
}
