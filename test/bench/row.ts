import { rounded } from './statistics.ts';

/** What a budget limits: our own number, ours divided by the peer's, or ours minus the peer's. */
export type BudgetOn = 'ours' | 'ratio' | 'added';

/** A promise about a number. */
export interface Budget {
  readonly value: number;
  readonly on: BudgetOn;
  /** `max`: at most this much. `min`: at least. */
  readonly limit: 'max' | 'min';
}

/** A benchmark's result, before it is judged. */
export interface Measured {
  readonly id: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer?: { readonly name: string; readonly value: number };
  readonly budget?: Budget;
  /** Ours, from the 10th to the 90th percentile (or round). */
  readonly spread?: readonly [number, number];
  /** Settings and sizes without which the number says nothing. */
  readonly note: string;
}

/** One line of the table. The first eight fields are a contract with programs that read it. */
export interface Row {
  readonly id: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  /** Ours divided by the peer's. */
  readonly ratio: number | null;
  readonly budget: number | null;
  /** True where there is no budget. */
  readonly ok: boolean;
  readonly budgetOn: BudgetOn | null;
  readonly budgetLimit: 'max' | 'min' | null;
  readonly spread: readonly [number, number] | null;
  readonly note: string;
}

/** Something that could not be measured here, and why. */
export interface NotMeasured {
  readonly id: string;
  readonly why: string;
}

/**
 * Judges a result by its budget. The judgement is made on the exact numbers, before they are
 * rounded for reading.
 * @throws Error for a budget on a ratio or a difference without a peer.
 */
export function toRow(measured: Measured): Row {
  const { id, unit, ours, peer, budget, spread, note } = measured;
  const judged = budget === undefined ? null : limited(measured, budget.on);
  return {
    id,
    unit,
    ours: rounded(ours),
    peer: peer === undefined ? null : rounded(peer.value),
    peerName: peer?.name ?? null,
    ratio: peer === undefined ? null : rounded(ours / peer.value),
    budget: budget?.value ?? null,
    ok: budget === undefined || judged === null || keeps(judged, budget),
    budgetOn: budget?.on ?? null,
    budgetLimit: budget?.limit ?? null,
    spread: spread === undefined ? null : [rounded(spread[0]), rounded(spread[1])],
    note,
  };
}

/** The number that a budget speaks of. */
function limited({ id, ours, peer }: Measured, on: BudgetOn): number {
  if (on === 'ours') return ours;
  if (peer === undefined) throw new Error(`${id}: a budget on the ${on} needs a peer`);
  return on === 'ratio' ? ours / peer.value : ours - peer.value;
}

function keeps(value: number, budget: Budget): boolean {
  // NaN keeps nothing.
  return budget.limit === 'max' ? value <= budget.value : value >= budget.value;
}

/** At most this much of ours. */
export function atMost(value: number): Budget {
  return { value, on: 'ours', limit: 'max' };
}

/** At most so many times the peer. */
export function atMostTimes(value: number): Budget {
  return { value, on: 'ratio', limit: 'max' };
}

/** At least so many times the peer. */
export function atLeastTimes(value: number): Budget {
  return { value, on: 'ratio', limit: 'min' };
}

/** At most so much more than the peer. */
export function atMostMore(value: number): Budget {
  return { value, on: 'added', limit: 'max' };
}
