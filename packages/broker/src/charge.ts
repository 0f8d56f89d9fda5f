import type { EndpointSettings, Nusd } from '@nightshift/domain';
import { costOf } from './cost.ts';
import type { Charge } from './outcome.ts';
import { tableModel } from './price-table.ts';
import { priceOf, type Price } from './prices.ts';
import type { Answer, MeteredUsage } from './wire.ts';

/** What was admitted. */
export interface Admitted {
  readonly endpoint: EndpointSettings;
  readonly model: string;
  readonly price: Price;
  readonly boundNusd: Nusd;
  /** When it was priced, epoch ms. */
  readonly at: number;
}

/**
 * What an answer cost. When it names another model, the dearer of the two counts; when that one's
 * price, or the tier it was served in, is unknown, the cost is unknown, unless what is known is
 * already above the bound. It is unknown, too, where the counts are beyond any number.
 */
export function chargeOf(answer: Answer, admitted: Admitted): Charge {
  const { boundNusd } = admitted;
  const otherModel = isOther(answer.model, admitted) ? answer.model : null;
  if (answer.usage === null) return { boundNusd, actualNusd: null, otherModel };
  const { usage } = answer;
  const asked = countedCost(admitted.price, usage);
  if (asked === null) return { boundNusd, actualNusd: null, otherModel, beyond: true };
  const floor = asked > boundNusd ? asked : null;
  if (answer.unpriced !== null) return { boundNusd, actualNusd: floor, otherModel };
  if (otherModel === null) return { boundNusd, actualNusd: asked, otherModel };
  const other = priceOf(admitted.endpoint, otherModel, admitted.at);
  if ('unknown' in other) return { boundNusd, actualNusd: floor, otherModel };
  const named = countedCost(other.price, usage);
  if (named === null) return { boundNusd, actualNusd: floor, otherModel, beyond: true };
  return { boundNusd, actualNusd: Math.max(asked, named), otherModel };
}

/** Null for counts that nobody can mean: they, or what they cost, leave 2^53. */
function countedCost(price: Price, usage: MeteredUsage): Nusd | null {
  try {
    return costOf(price.rates(usage.inputTokens), usage);
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

/**
 * Providers answer an alias with the name of its dated snapshot, Ollama with the tag `latest`; the
 * price table says which names are one model. Anything else is another model.
 */
function isOther(named: string | null, { endpoint, model }: Admitted): boolean {
  if (named === null || named === model) return false;
  if (named.startsWith(model) && SNAPSHOT.test(named.slice(model.length))) return false;
  const entry = tableModel(endpoint.baseUrl, model);
  return entry === null || entry !== tableModel(endpoint.baseUrl, named);
}

const SNAPSHOT = /^(?:[-@](?:\d{8}|\d{4}-\d{2}-\d{2})|:latest)$/;
