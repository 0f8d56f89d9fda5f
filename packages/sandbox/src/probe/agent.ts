import type { AgentContext } from 'nightshift';
import { attempt } from './escape.ts';
import { networkEscapes } from './network-attempts.ts';
import { systemEscapes } from './system-attempts.ts';
import type { ProbeResult, ProbeTargets } from './targets.ts';

/**
 * An agent that tries to get out, one way after another, and reports how each ended. It runs like
 * any agent: same launcher, same flags, same preload.
 */
export default {
  kind: 'nightshift-agent',
  input: null,
  async run(ctx: AgentContext, targets: ProbeTargets): Promise<void> {
    const results: ProbeResult[] = [];
    // One at a time, so that an escape that breaks something is found by the one before it.
    for (const escape of systemEscapes) results.push(await attempt(escape, targets));
    results.push(...(await Promise.all(networkEscapes.map((it) => attempt(it, targets)))));
    await ctx.report({ title: 'probe', body: '', data: results.map((it) => ({ ...it })) });
  },
};
