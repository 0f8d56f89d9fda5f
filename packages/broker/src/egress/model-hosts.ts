import type { EndpointSettings } from '@nightshift/domain';
import { literalAddress } from './addresses.ts';
import { destinationOf, type Destination } from './hosts.ts';

/**
 * Hosts that sell model calls. A plain fetch to one would be a call that nobody meters, so no list
 * of allowed hosts can open them; only a configured endpoint can.
 */
const NAMES: readonly string[] = [
  'ai-gateway.vercel.sh',
  'aiplatform.googleapis.com',
  'api-inference.huggingface.co',
  'api.ai21.com',
  'api.anthropic.com',
  'api.arcee.ai',
  'api.avian.io',
  'api.cerebras.ai',
  'api.cohere.ai',
  'api.cohere.com',
  'api.cursor.com',
  'api.deepinfra.com',
  'api.deepseek.com',
  'api.doubleword.ai',
  'api.fireworks.ai',
  'api.githubcopilot.com',
  'api.groq.com',
  'api.hyperbolic.xyz',
  'api.minimax.chat',
  'api.minimax.io',
  'api.minimaxi.com',
  'api.mistral.ai',
  'api.moonshot.ai',
  'api.moonshot.cn',
  'api.novita.ai',
  'api.openai.com',
  'api.perplexity.ai',
  'api.quicksilverpro.io',
  'api.replicate.com',
  'api.sambanova.ai',
  'api.studio.nebius.com',
  'api.together.ai',
  'api.together.xyz',
  'api.typesafe.ai',
  'api.voyageai.com',
  'api.x.ai',
  'api.z.ai',
  'azure-api.net',
  'codestral.mistral.ai',
  'cognitiveservices.azure.com',
  'dashscope-intl.aliyuncs.com',
  'dashscope.aliyuncs.com',
  'endpoints.huggingface.cloud',
  'fal.run',
  'gateway.ai.cloudflare.com',
  'generativelanguage.googleapis.com',
  'inference.baseten.co',
  'integrate.api.nvidia.com',
  'models.github.ai',
  'oai.endpoints.kepler.ai.cloud.ovh.net',
  'ollama.com',
  'open.bigmodel.cn',
  'openai.azure.com',
  'openrouter.ai',
  'router.huggingface.co',
  'services.ai.azure.com',
];
const PATTERNS: readonly RegExp[] = [
  /^bedrock[a-z-]*\.[a-z0-9-]+\.amazonaws\.com$/,
  /^[a-z0-9-]+-aiplatform\.googleapis\.com$/,
];

/** True for a provider's host or one below it, and for the host of a configured endpoint. */
export function isModelHost(to: Destination, endpoints: readonly EndpointSettings[]): boolean {
  const { host } = to;
  if (NAMES.some((name) => host === name || host.endsWith(`.${name}`))) return true;
  if (PATTERNS.some((pattern) => pattern.test(host))) return true;
  return endpoints.some((endpoint) => isSame(destinationOf(endpoint.baseUrl), to));
}

/** On one machine many things listen, so an address is the endpoint's only with its port. */
function isSame(endpoint: Destination | null, to: Destination): boolean {
  if (endpoint === null || endpoint.host !== to.host) return false;
  const one = to.host === 'localhost' || literalAddress(to.host) !== null;
  return !one || endpoint.port === to.port;
}
