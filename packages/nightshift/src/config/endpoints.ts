import { isDeepStrictEqual } from 'node:util';
import type { EndpointSettings, ModelPrice, ModelSettings } from '@nightshift/domain';
import type { Mistakes } from './mistakes.ts';
import type { ModelEntry } from './model-schema.ts';

/** What the models of a configuration amount to. */
export interface Connected {
  readonly endpoints: readonly EndpointSettings[];
  readonly models: Readonly<Record<string, ModelSettings>>;
}

/**
 * Endpoints out of models: models with the same endpoint name share a breaker, so they must agree
 * on where it is, what it speaks and which key opens it.
 */
export function connect(models: Readonly<Record<string, ModelEntry>>, found: Mistakes): Connected {
  const endpoints = new Map<string, EndpointSettings>();
  const aliases: Record<string, ModelSettings> = {};
  for (const [alias, entry] of Object.entries(models)) {
    if (entry.kind === 'extractive') {
      aliases[alias] = { kind: 'extractive' };
      continue;
    }
    const { endpoint: name, model } = entry;
    const before = endpoints.get(name);
    const { merged, conflict } = merge(before, entry);
    if (conflict !== null) found.add(['models', alias], conflict);
    endpoints.set(name, merged);
    aliases[alias] = { kind: 'endpoint', endpoint: name, model };
  }
  return { endpoints: [...endpoints.values()], models: aliases };
}

type EndpointEntry = Extract<ModelEntry, { kind: 'endpoint' }>;

function merge(
  before: EndpointSettings | undefined,
  entry: EndpointEntry,
): { readonly merged: EndpointSettings; readonly conflict: string | null } {
  const { endpoint: name, protocol, baseUrl, apiKey, model, price } = entry;
  const prices: Record<string, ModelPrice> = { ...before?.models, [model]: price };
  const merged: EndpointSettings = { name, protocol, baseUrl, apiKey, models: prices };
  if (before === undefined) return { merged, conflict: null };
  const differ = (['protocol', 'baseUrl', 'apiKey'] as const).find(
    (key) => !isDeepStrictEqual(before[key], entry[key]),
  );
  if (differ !== undefined) {
    const conflict = `has another ${differ} than the endpoint ${name} has above: give it its own name`;
    return { merged: before, conflict };
  }
  const known = before.models[model];
  if (known !== undefined && !isDeepStrictEqual(known, price)) {
    return { merged: before, conflict: `has another price than ${model} has above` };
  }
  return { merged, conflict: null };
}
