import type { Rule } from '../rule.ts';

const id = 'config-differs';

/** Services that run on different configurations enforce different rules. */
export const configDiffers: Rule = {
  id,
  severity: 'warn',
  doc: 'Services run on different configurations.',
  // A minute: services are restarted one after the other.
  openAfter: 30,
  resolveAfter: 2,
  evaluate(facts) {
    const alive = facts.instances.filter((it) => it.stoppedAt === null && it.service !== 'run');
    if (new Set(alive.map((it) => it.configHash)).size < 2) return [];
    const parts = alive.map((it) => `${it.service} ${it.configHash.slice(0, 8)}`).toSorted();
    return [
      {
        rule: id,
        key: id,
        severity: configDiffers.severity,
        title: 'Services run on different configurations',
        detail: `${parts.join(', ')}. Those that were not restarted know the old one.`,
      },
    ];
  },
};
