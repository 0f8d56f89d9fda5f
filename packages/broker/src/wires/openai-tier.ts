import type { WireContext } from '../wire.ts';

/**
 * OpenAI serves a request without a tier in the project's default one, which may be the dearer
 * `priority`. At OpenAI itself the ordinary tier is therefore asked for by name; compatible servers
 * may not know the field.
 */
export function openaiTier(context: WireContext): { service_tier?: 'default' } {
  return context.host === 'api.openai.com' ? { service_tier: 'default' } : {};
}
