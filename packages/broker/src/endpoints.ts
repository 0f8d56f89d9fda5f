import { createHash } from 'node:crypto';
import type {
  AllowSettings,
  EndpointSettings,
  HttpRequest,
  ModelSettings,
} from '@nightshift/domain';
import { checkHeaders } from './headers.ts';
import { parseBody } from './json-body.ts';
import type { Limits } from './limits.ts';
import { denied, refuse } from './refusals.ts';
import type { Wire, WireCall } from './wire.ts';
import { WIRES } from './wires.ts';

/** A model call that is allowed in kind: known endpoint, wire, body and model. Nothing sent yet. */
export interface Plan {
  readonly endpoint: EndpointSettings;
  readonly wire: Wire;
  readonly call: WireCall;
  readonly url: URL;
  /** Headers of the wire, such as a version. */
  readonly headers: Readonly<Record<string, string>>;
  /** Exactly the bytes that are sent; the bound is computed from them. */
  readonly body: Uint8Array;
  /** SHA-256, hex, over what makes two calls the same. */
  readonly requestHash: string;
}

/** Aliases and what they stand for. */
export type Models = Readonly<Record<string, ModelSettings>>;

/**
 * Endpoints whose base URL the URL lies under, those with the longest first. Origin and path are
 * compared as the URL parser reads them, whole path segments only.
 */
export function endpointsFor(
  endpoints: readonly EndpointSettings[],
  url: URL,
): readonly EndpointSettings[] {
  return endpoints
    .filter((endpoint) => pathBelow(endpoint, url) !== null)
    .toSorted((a, b) => b.baseUrl.length - a.baseUrl.length);
}

/**
 * Turns a request to an endpoint into a plan.
 *
 * @throws RefusedError `request-denied` or `model-unknown`.
 */
export function planCall(
  candidates: readonly EndpointSettings[],
  url: URL,
  request: HttpRequest,
  allowed: { readonly models: Models; readonly allow: AllowSettings },
  limits: Limits,
): Plan {
  const spoken = candidates.flatMap((endpoint) => recognise(endpoint, url, request.method));
  const [first] = spoken;
  if (first === undefined) {
    throw denied('url', `${request.method} ${url.pathname} is no call that a wire knows`);
  }
  if (url.search !== '') throw denied('url', 'a query is not allowed on a model call');
  const headers = checkHeaders(request.headers, first.wire);
  const parsed = parseBody(request.body, limits.requestBytes);
  const model = (parsed as { model?: unknown } | null)?.model;
  const named = spoken.find(({ endpoint }) => mayUse(endpoint, model, allowed));
  const { endpoint, wire, path } = named ?? first;
  const host = new URL(endpoint.baseUrl).hostname;
  const { protocol } = endpoint;
  const { defaultOutputTokens } = limits;
  const call = wire.normalise(parsed, { protocol, host, defaultOutputTokens });
  if (named === undefined) {
    throw refuse('model-unknown', `${call.model} at ${endpoint.name} is not one of its models`);
  }
  return finish({ endpoint, wire, path }, call, headers);
}

interface Spoken {
  readonly endpoint: EndpointSettings;
  readonly wire: Wire;
  readonly path: string;
}

function recognise(endpoint: EndpointSettings, url: URL, method: string): readonly Spoken[] {
  const below = pathBelow(endpoint, url) ?? '';
  return WIRES.flatMap((wire) => {
    const path = wire.recognise(endpoint.protocol, method.toUpperCase(), below);
    return path === null ? [] : [{ endpoint, wire, path }];
  });
}

function finish(
  { endpoint, wire, path }: Spoken,
  call: WireCall,
  headers: Readonly<Record<string, string>>,
): Plan {
  const body = new TextEncoder().encode(JSON.stringify(call.body));
  const what = [endpoint.name, wire.id, path, ...Object.entries(headers).flat(), ''].join('\n');
  const hash = createHash('sha256').update(what).update(body);
  const url = new URL(endpoint.baseUrl + path);
  return { endpoint, wire, call, url, headers, body, requestHash: hash.digest('hex') };
}

/** One of the agent's aliases stands for this model at this endpoint, and the endpoint knows it. */
function mayUse(
  endpoint: EndpointSettings,
  model: unknown,
  { models, allow }: { readonly models: Models; readonly allow: AllowSettings },
): boolean {
  if (typeof model !== 'string' || !Object.hasOwn(endpoint.models, model)) return false;
  return allow.models.some((alias) => {
    const settings = Object.hasOwn(models, alias) ? models[alias] : undefined;
    if (settings?.kind !== 'endpoint') return false;
    return settings.endpoint === endpoint.name && settings.model === model;
  });
}

function pathBelow(endpoint: EndpointSettings, url: URL): string | null {
  const base = new URL(endpoint.baseUrl);
  if (url.origin !== base.origin) return null;
  const prefix = base.pathname === '/' ? '' : base.pathname;
  if (!url.pathname.startsWith(`${prefix}/`)) return null;
  return url.pathname.slice(prefix.length);
}
