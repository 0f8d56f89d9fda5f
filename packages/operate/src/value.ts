import { type Value, valueOf } from '@nightshift/domain';
import type { Installation } from './installation.ts';

/** Parts of a period that a line of bars shows, at most. */
const PARTS_MAX = 14;
const DAY_MS = 24 * 3_600_000;

/** Value of a period, beside the one before it and part by part. */
export interface ValueTrend {
  readonly now: Value;
  /** As long, and up to where `now` begins. */
  readonly before: Value;
  /** Equal parts of the period, oldest first: at most fourteen, of a day or more. */
  readonly parts: readonly Value[];
}

/**
 * What the agents saved and cost in the last `days` days, by the reports they delivered.
 * @throws NightshiftError (78 or 75) when configuration or database cannot be read
 */
export async function readValue(
  installation: Installation,
  request: { readonly days: number },
): Promise<ValueTrend> {
  const { clock } = installation;
  const settings = await installation.settings();
  const { reports } = await installation.store();
  const spanMs = request.days * DAY_MS;
  const sinceAt = clock.now() - spanMs;
  const between = async (fromAt: number, untilAt?: number): Promise<Value> =>
    valueOf(settings, await reports.delivered(fromAt, untilAt), fromAt);
  const count = Math.min(PARTS_MAX, request.days);
  const parts: Value[] = [];
  for (let i = 0; i < count; i++) {
    const fromAt = sinceAt + Math.floor((i * spanMs) / count);
    const untilAt = sinceAt + Math.floor(((i + 1) * spanMs) / count);
    parts.push(await between(fromAt, i === count - 1 ? undefined : untilAt));
  }
  return { now: await between(sinceAt), before: await between(sinceAt - spanMs, sinceAt), parts };
}

/** Value since a moment (epoch ms), of everybody together and each agent. */
export async function valueSince(installation: Installation, sinceAt: number): Promise<Value> {
  const settings = await installation.settings();
  const delivered = await (await installation.store()).reports.delivered(sinceAt);
  return valueOf(settings, delivered, sinceAt);
}
