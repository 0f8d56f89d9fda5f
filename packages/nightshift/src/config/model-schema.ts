import { z } from 'zod';
import type { EndpointProtocol, ModelPrice, SecretRef, TokenRates } from '@nightshift/domain';
import { WrongValue } from './mistakes.ts';
import { baseUrl, isOllamaCloud, isPaidHost } from './places.ts';
import { closed, leaf } from './schema.ts';
import { secret, type ResolveSecret } from './secret.ts';
import { kindOf, money, pattern } from './values.ts';

/** A model after its own check, before endpoints are put together. */
export type ModelEntry =
  | { readonly kind: 'extractive' }
  | {
      readonly kind: 'endpoint';
      readonly endpoint: string;
      readonly protocol: EndpointProtocol;
      readonly baseUrl: string;
      readonly apiKey: SecretRef | null;
      readonly model: string;
      readonly price: ModelPrice;
    };

const modelName = pattern(/^[\w./:@+-]{1,200}$/, 'a model name such as "claude-haiku-4-5"');
const endpointName = pattern(
  /^[A-Za-z0-9[][\w.:\]-]{0,99}$/,
  'a name of letters, digits and . : - _',
);

const price = closed(
  {
    inputPerMTok: leaf(money),
    outputPerMTok: leaf(money),
    cachedInputPerMTok: leaf(money).optional(),
    cacheWritePerMTok: leaf(money).optional(),
  },
  'a price such as { inputPerMTok: "$1.00", outputPerMTok: "$5.00" }',
).transform((it): TokenRates => ({
  inputNusdPerMTok: it.inputPerMTok,
  // Without a word on them, the two are not assumed to be cheaper.
  cachedInputNusdPerMTok: it.cachedInputPerMTok ?? it.inputPerMTok,
  cacheWriteNusdPerMTok: it.cacheWritePerMTok ?? it.inputPerMTok,
  outputNusdPerMTok: it.outputPerMTok,
}));

/** Which schema a model is checked with, by its kind. */
export function modelSchema(value: unknown, resolve?: ResolveSecret): z.ZodType<ModelEntry> {
  const { kind } = (value ?? {}) as { kind?: unknown };
  if (kind === 'extractive') return closed({ kind: z.literal('extractive') });
  if (kind === 'endpoint') return endpointModel(resolve);
  return leaf((): ModelEntry => {
    const is = typeof value === 'object' ? 'something else' : kindOf(value);
    throw new WrongValue(
      `is ${is}: use extractive(), ollama(), openai(), anthropic() or openaiCompatible()`,
    );
  });
}

function endpointModel(resolve?: ResolveSecret): z.ZodType<ModelEntry> {
  return closed({
    kind: z.literal('endpoint'),
    protocol: z.enum(['openai', 'anthropic', 'ollama']),
    model: leaf(modelName),
    baseUrl: leaf(baseUrl),
    apiKey: leaf(secret(resolve)).optional(),
    name: leaf(endpointName).optional(),
    price: price.optional(),
    free: z.boolean({ error: (issue) => `should be true, is ${kindOf(issue.input)}` }).optional(),
  })
    .check((ctx) => {
      const wrong = priceMistake(ctx.value);
      if (wrong !== null) ctx.issues.push({ code: 'custom', input: ctx.value, ...wrong });
    })
    .transform((it): ModelEntry => {
      const free: ModelPrice = it.free === true ? { kind: 'free' } : { kind: 'table' };
      return {
        kind: 'endpoint',
        endpoint: it.name ?? new URL(it.baseUrl).host,
        protocol: it.protocol,
        baseUrl: it.baseUrl,
        apiKey: it.apiKey ?? null,
        model: it.model,
        price: it.price === undefined ? free : { kind: 'own', rates: it.price },
      };
    });
}

/** "Free" is an exemption from every cap, so it is believed only where it can be true. */
function priceMistake(it: {
  readonly protocol: EndpointProtocol;
  readonly model: string;
  readonly baseUrl: string;
  readonly price?: TokenRates | undefined;
  readonly free?: boolean | undefined;
}): { readonly path: string[]; readonly message: string } | null {
  if (it.free !== true) return null;
  if (it.price !== undefined) {
    return { path: ['free'], message: 'is set beside a price: keep one of the two' };
  }
  const { hostname } = new URL(it.baseUrl);
  if (isPaidHost(hostname)) {
    return {
      path: ['free'],
      message: `${hostname} charges for its calls: give a price, or leave both out`,
    };
  }
  if (it.protocol === 'ollama' && isOllamaCloud(it.model)) {
    return {
      path: ['model'],
      message: `${it.model} runs on Ollama's billed machines: give a price, or use a local model`,
    };
  }
  return null;
}
