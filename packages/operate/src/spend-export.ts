import type { Nusd, SpendLine } from '@nightshift/domain';
import { formatUsd } from '@nightshift/domain';
import type { Installation } from './installation.ts';

/** Calls read in one transaction: a long export pins nothing. */
const PAGE = 500;

const COLUMNS = [
  ['id', ({ id }) => id],
  ['day', ({ day }) => day],
  ['taken_at', ({ takenAt }) => time(takenAt)],
  ['sent_at', ({ sentAt }) => time(sentAt)],
  ['ended_at', ({ endedAt }) => time(endedAt)],
  ['job', ({ job }) => job],
  ['attempt', ({ attempt }) => String(attempt)],
  ['agent', ({ agent }) => agent],
  ['step', ({ step }) => step],
  ['ordinal', ({ ordinal }) => String(ordinal)],
  ['endpoint', ({ endpoint }) => endpoint],
  ['model', ({ model }) => model],
  ['price_version', ({ priceVersion }) => priceVersion],
  ['state', ({ state }) => state],
  ['outcome', ({ outcome }) => outcome ?? ''],
  ['status', ({ status }) => String(status ?? '')],
  ['bound_usd', ({ boundNusd }) => usd(boundNusd)],
  ['actual_usd', ({ actualNusd }) => (actualNusd === null ? '' : usd(actualNusd))],
  ['counts_usd', ({ countsNusd }) => usd(countsNusd)],
  ['input_tokens', ({ usage }) => String(usage?.inputTokens ?? '')],
  ['cached_input_tokens', ({ usage }) => String(usage?.cachedInputTokens ?? '')],
  ['cache_write_tokens', ({ usage }) => String(usage?.cacheWriteTokens ?? '')],
  ['output_tokens', ({ usage }) => String(usage?.outputTokens ?? '')],
] as const satisfies readonly (readonly [string, (line: SpendLine) => string])[];

/**
 * Every call since a moment (epoch ms) as lines of CSV (RFC 4180), the head first; money as exact
 * decimals of a dollar. Calls beyond their retention are not in it: only their totals are kept.
 */
export async function* exportSpend(
  installation: Pick<Installation, 'store'>,
  request: { readonly sinceAt: number },
): AsyncGenerator<string> {
  const { ledger } = await installation.store();
  yield COLUMNS.map(([name]) => name).join(',');
  for (let after = ''; ;) {
    const page = await ledger.page({ ...request, after, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) return;
    for (const line of page) yield COLUMNS.map(([, read]) => cell(read(line))).join(',');
    after = last.id;
  }
}

/** Names of models and steps come from others: none of them may become a formula or a new row. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function usd(nusd: Nusd): string {
  return formatUsd(nusd).slice(1);
}

function time(at: number | null): string {
  return at === null ? '' : new Date(at).toISOString();
}
