import type { ServiceName } from '@nightshift/domain';
import type { ServiceLife, Silence } from '@nightshift/store';

/** When a service showed no sign of life. */
export interface Gap {
  readonly service: ServiceName;
  readonly fromAt: number;
  readonly ms: number;
}

/**
 * The times from `fromAt` to `untilAt` in which no life of the service beat: between lives, and the
 * silences that lives noted themselves. Shorter ones than `leastMs` are none. Pure.
 */
export function gapsOf(
  service: ServiceName,
  facts: { readonly lives: readonly ServiceLife[]; readonly gaps: readonly Silence[] },
  span: { readonly fromAt: number; readonly untilAt: number; readonly leastMs: number },
): readonly Gap[] {
  const { fromAt, untilAt, leastMs } = span;
  const own = facts.lives.filter((it) => it.service === service);
  const lives = own.map((it): Interval => [it.startedAt, it.lastAt]);
  const silent = facts.gaps
    .filter((it) => it.service === service)
    .map((it): Interval => [it.fromAt, it.untilAt]);
  return [...between(lives, fromAt, untilAt), ...silent]
    .map(([from, to]): Interval => [Math.max(from, fromAt), Math.min(to, untilAt)])
    .filter(([from, to]) => to - from >= leastMs)
    .toSorted((a, b) => a[0] - b[0])
    .map(([from, to]) => ({ service, fromAt: from, ms: to - from }));
}

type Interval = readonly [from: number, to: number];

/** What no interval covers. Two lives may overlap: the old one drains while the new one starts. */
function between(intervals: readonly Interval[], fromAt: number, untilAt: number): Interval[] {
  const free: Interval[] = [];
  let covered = fromAt;
  for (const [from, to] of intervals.toSorted((a, b) => a[0] - b[0])) {
    if (from > covered) free.push([covered, from]);
    covered = Math.max(covered, to);
  }
  if (covered < untilAt) free.push([covered, untilAt]);
  return free;
}
