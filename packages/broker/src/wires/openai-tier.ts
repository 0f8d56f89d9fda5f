import type { WireContext } from '../wire.ts';

/**
 * OpenAI serves a request without a tier in the project's default one, which may be the dearer
 * `priority`. At OpenAI itself the ordinary tier is therefore asked for by name; compatible servers
 * may not know the field.
 */
export function openaiTier(context: WireContext): { service_tier?: 'default' } {
  return context.host === 'api.openai.com' ? { service_tier: 'default' } : {};
}

/** Tiers that cost no more than the ordinary price; any other name makes the cost unknown. */
const ORDINARY_TIERS: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  'default',
  'auto',
  'standard',
  'on_demand',
  'flex',
  'scale',
  'batch',
]);

/** Why the price of the tier that served is not known, or null. */
export function unpricedTier(tier: unknown): string | null {
  return ORDINARY_TIERS.has(tier) ? null : 'served in another service tier than the ordinary one';
}
