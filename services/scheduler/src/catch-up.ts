import { slotKey, type CatchUp, type Json, type SlotDecision } from '@nightshift/domain';

/** A slot decided this long after its time was missed: the catch-up policy applies to it. */
export const LATE_AFTER_MS = 60_000;

/** Facts of one decision. */
export interface CatchUpFacts {
  readonly agent: string;
  /** Due slots, oldest first; all of them lie within the horizon. */
  readonly slots: readonly number[];
  readonly now: number;
  readonly policy: CatchUp;
  readonly overlap: 'skip' | 'queue';
  /** Unfinished jobs that earlier slots of this agent made. */
  readonly unfinished: number;
  readonly input: Json;
  readonly maxAttempts: number;
}

/**
 * What becomes of each due slot: enqueued, or skipped with a reason. Pure; every slot that goes in
 * comes out exactly once.
 *
 * `skip` drops what was missed, `latest` runs only the newest slot, `all` the newest `max`. With
 * `overlap: 'skip'` a slot finds no place while an earlier one's job is unfinished.
 */
export function decideSlots(facts: CatchUpFacts): SlotDecision[] {
  const kept = keptByPolicy(facts);
  let occupied = facts.overlap === 'skip' && facts.unfinished > 0;
  return facts.slots.map((at) => {
    if (!kept.has(at)) return { kind: 'skip', at, reason: missedReason(facts.policy) };
    if (occupied) return { kind: 'skip', at, reason: 'overlap' };
    // An operator who asked for all of them gets them one after the other, not dropped as overlap.
    occupied = facts.overlap === 'skip' && facts.policy.kind !== 'all';
    return enqueue(facts, at);
  });
}

function keptByPolicy({ slots, now, policy }: CatchUpFacts): ReadonlySet<number> {
  if (policy.kind === 'latest') return new Set(slots.slice(-1));
  if (policy.kind === 'all') return new Set(slots.slice(-policy.max));
  return new Set(slots.filter((at) => now - at <= LATE_AFTER_MS));
}

function missedReason(policy: CatchUp): string {
  return `catch-up-${policy.kind}`;
}

function enqueue(facts: CatchUpFacts, at: number): SlotDecision {
  return {
    kind: 'enqueue',
    at,
    key: slotKey(facts.agent, at),
    input: facts.input,
    maxAttempts: facts.maxAttempts,
    priority: 0,
  };
}
