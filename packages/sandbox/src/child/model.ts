import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { AgentModel } from 'nightshift';
import type { ChildModel } from '../channel/protocol.ts';
import { AgentError } from 'nightshift/runtime';

type EndpointModel = Extract<ChildModel, { kind: 'endpoint' }>;
type Fetch = typeof globalThis.fetch;

/** Clients insist on a key. The broker takes this one off and puts the real one on. */
const PLACEHOLDER_KEY = 'set-by-the-broker';

/**
 * The model behind an alias. Its library is loaded at the first call, so that an agent that asks
 * for no model does not wait for one.
 *
 * @throws AgentError `model-unknown` when the agent may not use `alias`
 */
export function makeModel(
  alias: string,
  models: Readonly<Record<string, ChildModel>>,
  fetch: Fetch,
): AgentModel {
  const model = Object.hasOwn(models, alias) ? models[alias] : undefined;
  if (model === undefined) {
    const known = Object.keys(models).join(', ') || 'none';
    throw new AgentError('model-unknown', `no model "${alias}" for this agent; allowed: ${known}`);
  }
  if (model.kind === 'extractive') return lazily(model.kind, 'extractive', loadExtractive);
  return lazily(model.protocol, model.model, () => load(model, fetch));
}

/** A model of the AI SDK whose code comes when it is first used. */
function lazily(
  provider: string,
  modelId: string,
  load: () => Promise<LanguageModelV4>,
): AgentModel {
  let loading: Promise<LanguageModelV4> | null = null;
  const loaded = (): Promise<LanguageModelV4> => (loading ??= load());
  return {
    specificationVersion: 'v4',
    provider,
    modelId,
    extractive: provider === 'extractive',
    // A promise would load the library just to be looked at; a file by URL is downloaded by
    // `fetch`.
    supportedUrls: {},
    doGenerate: async (options) => once((await loaded()).doGenerate(options)),
    doStream: async (options) => once((await loaded()).doStream(options)),
  };
}

/**
 * The AI SDK tries again by itself after errors that say so. Retries are made outside, where each
 * is metered; what arrives here has been tried enough.
 */
async function once<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if ((error as { isRetryable?: unknown }).isRetryable === true) {
      Object.defineProperty(error, 'isRetryable', { value: false });
    }
    throw error;
  }
}

async function loadExtractive(): Promise<LanguageModelV4> {
  const { extractiveModel } = await import('./extractive.ts');
  return extractiveModel();
}

async function load(model: EndpointModel, fetch: Fetch): Promise<LanguageModelV4> {
  const common = { apiKey: PLACEHOLDER_KEY, fetch };
  if (model.protocol === 'anthropic') {
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    return createAnthropic({ ...common, baseURL: model.baseUrl })(model.model);
  }
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const provider = createOpenAICompatible({
    ...common,
    name: model.protocol,
    // Ollama speaks OpenAI's chat completions below /v1.
    baseURL: model.protocol === 'ollama' ? `${model.baseUrl}/v1` : model.baseUrl,
    // Without it a stream ends with no usage, and would be booked at its bound.
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  return provider.chatModel(model.model);
}
