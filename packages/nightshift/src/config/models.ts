import { env } from './define-config.ts';
import type { EndpointOptions, EnvRef, ModelInput } from './settings-input.ts';

/** No model at all: picks sentences, in the sandbox itself. Sends nothing and costs nothing. */
export function extractive(): ModelInput {
  return { kind: 'extractive' };
}

/** A model of an Ollama server, free unless a price is given. Default http://127.0.0.1:11434. */
export function ollama(
  model: string,
  options: EndpointOptions & { readonly baseUrl?: string; readonly apiKey?: EnvRef } = {},
): ModelInput {
  const priced = options.price !== undefined || options.free !== undefined;
  return {
    kind: 'endpoint',
    protocol: 'ollama',
    baseUrl: 'http://127.0.0.1:11434',
    ...(priced ? {} : { free: true }),
    ...options,
    model,
  };
}

/** A model of OpenAI, priced by the bundled table. The key is `OPENAI_API_KEY` unless given. */
export function openai(
  model: string,
  options: EndpointOptions & { readonly baseUrl?: string; readonly apiKey?: EnvRef } = {},
): ModelInput {
  return {
    kind: 'endpoint',
    protocol: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    apiKey: env('OPENAI_API_KEY'),
    ...options,
    model,
  };
}

/**
 * A model of Anthropic, priced by the bundled table. The key is `ANTHROPIC_API_KEY` unless given.
 */
export function anthropic(
  model: string,
  options: EndpointOptions & { readonly baseUrl?: string; readonly apiKey?: EnvRef } = {},
): ModelInput {
  return {
    kind: 'endpoint',
    protocol: 'anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    apiKey: env('ANTHROPIC_API_KEY'),
    ...options,
    model,
  };
}

/** A model behind any server that speaks OpenAI's chat completions; `baseUrl` as clients use it. */
export function openaiCompatible(
  options: EndpointOptions & {
    readonly baseUrl: string;
    readonly model: string;
    readonly apiKey?: EnvRef;
  },
): ModelInput {
  return { kind: 'endpoint', protocol: 'openai', ...options };
}
