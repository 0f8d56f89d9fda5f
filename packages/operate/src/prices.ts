import {
  type PriceExplanation,
  type PriceTableAge,
  explainPrice,
  priceTableAge,
} from '@nightshift/broker/prices';
import { EXIT, type EndpointSettings, NightshiftError } from '@nightshift/domain';
import type { Installation } from './installation.ts';

/** What a model costs, wherever it could be asked for. */
export interface PriceAnswer {
  readonly model: string;
  readonly prices: readonly PriceExplanation[];
  readonly unknown: readonly { readonly endpoint: string; readonly unknown: string }[];
  readonly table: PriceTableAge;
}

/**
 * Explains the price of a model at one endpoint, at every endpoint that has it configured, or, when
 * none has, at all of them and at the providers of the table: why it would be refused, and what it
 * would cost if it were configured.
 *
 * @throws NightshiftError `unknown-endpoint` (64).
 */
export async function explainPrices(
  installation: Pick<Installation, 'settings' | 'clock'>,
  request: { readonly model: string; readonly endpoint?: string | undefined },
): Promise<PriceAnswer> {
  const { endpoints } = await installation.settings();
  const now = installation.clock.now();
  const { model } = request;
  const found = candidates(endpoints, model, request.endpoint).map((it) =>
    explainPrice(it, model, now),
  );
  return {
    model,
    prices: found.filter((it) => 'version' in it),
    unknown: found.filter((it) => 'unknown' in it),
    table: priceTableAge(now),
  };
}

/** Where nothing is configured: the providers a first configuration most often names. */
const KNOWN: readonly EndpointSettings[] = (
  [
    ['anthropic', 'https://api.anthropic.com/v1'],
    ['openai', 'https://api.openai.com/v1'],
  ] as const
).map(([protocol, baseUrl]) => {
  return { name: new URL(baseUrl).host, protocol, baseUrl, apiKey: null, models: {} };
});

function candidates(
  endpoints: readonly EndpointSettings[],
  model: string,
  named: string | undefined,
): readonly EndpointSettings[] {
  if (named !== undefined) {
    const endpoint = endpoints.find(({ name }) => name === named);
    if (endpoint !== undefined) return [endpoint];
    const names = endpoints.map(({ name }) => name).join(', ') || 'none';
    throw new NightshiftError('unknown-endpoint', `there is no endpoint ${named}`, {
      fix: `the endpoints are: ${names}`,
      exitCode: EXIT.usage,
    });
  }
  const having = endpoints.filter(({ models }) => Object.hasOwn(models, model));
  if (having.length > 0) return having;
  const hosts = new Set(endpoints.map(({ baseUrl }) => new URL(baseUrl).host));
  return [...endpoints, ...KNOWN.filter(({ name }) => !hosts.has(name))];
}
