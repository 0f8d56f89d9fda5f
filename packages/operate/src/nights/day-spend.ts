import { formatUsd, type Nusd } from '@nightshift/domain';
import type { NightFacts } from '@nightshift/store';
import type { DaySpan } from './days.ts';

export interface ScopeSpend {
  readonly scope: string;
  readonly spentNusd: Nusd;
  /** Null where the cap of that day is not known any more, or there was none. */
  readonly capNusd: Nusd | null;
}

/** What each scope that spent something on that day spent, and everybody together. */
export function spendOf(span: DaySpan, facts: NightFacts): readonly ScopeSpend[] {
  const windows = facts.dayWindows.filter((it) => it.key === span.day);
  const scopes = new Set(['global', ...windows.map((it) => it.scope)]);
  return [...scopes].map((scope) => {
    const window = windows.find((it) => it.scope === scope);
    const cap = highestCap(scope, span, facts);
    return {
      scope,
      spentNusd: window?.committedNusd ?? 0,
      capNusd: cap === null ? null : cap + (window?.raisedNusd ?? 0),
    };
  });
}

/** Of the caps that held some time of the day, going back from what they are now. */
function highestCap(scope: string, span: DaySpan, facts: NightFacts): Nusd | null {
  const capIn = (caps: NightFacts['caps']): Nusd | null =>
    caps.find((it) => it.scope === scope && it.window === 'day')?.capNusd ??
    (scope === 'global' ? 0 : null);
  let held: Nusd | null = capIn(facts.caps);
  let highest = facts.capChanges.some((it) => it.at >= span.untilAt) ? null : held;
  for (const { at, before } of facts.capChanges.toReversed()) {
    if (at < span.fromAt) break;
    if (before === null) return null;
    held = capIn(before);
    if (at < span.untilAt) highest = Math.max(highest ?? 0, held ?? 0);
    else highest = held;
  }
  return highest;
}

/** Why the money of a day is a reason, if it is one. */
export function overCap({ scope, spentNusd, capNusd }: ScopeSpend): readonly string[] {
  if (spentNusd === 0 || (capNusd !== null && spentNusd <= capNusd)) return [];
  if (capNusd === null && scope !== 'global') return [];
  const spent = `${scope} spent ${formatUsd(spentNusd)}`;
  if (capNusd === null) return [`${spent}; what the cap was is not known any more`];
  return [`${spent} of ${formatUsd(capNusd)}`];
}
