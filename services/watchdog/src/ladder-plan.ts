import type { Finding, Kill, Times } from '@nightshift/domain';

/** What is provable about a recorded process; `nobody` where none was ever recorded. */
export type Proof = 'alive' | 'dead' | 'other' | 'unknown' | 'nobody';

/** Everything a step of the ladder is decided on. */
export interface LadderView {
  /** Why the service should be killed; null when nothing is wrong with it, or it cannot be seen. */
  readonly suspect: Finding | null;
  /** The kill under way; null when there is none. */
  readonly kill: Kill | null;
  /** Of the process of the kill under way, else of the service's newest life. */
  readonly proof: Proof;
  /**
   * The row is from before the machine was started: proof of death, and of a row nobody renewed.
   */
  readonly otherBoot: boolean;
  /** How long the kill has been in its state, by the watchdog's own time. */
  readonly inStateMs: number;
  /** Kills of this service within the budget's span. */
  readonly recentKills: number;
  /** The system forbade to signal this life a moment ago, although it is proven. */
  readonly forbidden: boolean;
  /** Another service is being killed, or was a moment ago: what ails this one may be over, too. */
  readonly otherFirst: boolean;
  /** The suspect itself was seen to go round again. */
  readonly revived: boolean;
  /** A newer life of the service was seen to go round. */
  readonly successor: boolean;
  /** False when this tick has no facts: nothing is begun, and nothing is given up. */
  readonly sighted: boolean;
}

/** One step; `wait` and `none` do nothing. */
export type LadderStep =
  | { readonly do: 'none' | 'wait' | 'intend' | 'term' | 'kill' }
  | { readonly do: 'stand-down' | 'mismatch' }
  | { readonly do: 'end'; readonly as: 'dead' | 'recovered' | 'failed' };

/** Kills of one service within {@link KILL_SPAN_MS}; then a person has to look. */
export const KILLS_MAX = 3;
export const KILL_SPAN_MS = 30 * 60_000;

/** A signal that the system forbade is tried again after this time. */
export const FORBIDDEN_MS = 60_000;

/** SIGKILL works at once, except on a process in uninterruptible sleep. */
export const DEATH_MS = 10_000;

/**
 * The next step for one service: intend, TERM, grace, KILL, see it dead, see a successor live.
 * Pure. With the default times a wedge is seen after 20 s to 24 s, TERM follows at once and KILL 10
 * s to 12 s later: dead within 38 s, against a promise of 45.
 */
export function planLadder(view: LadderView, times: Times): LadderStep {
  if (view.kill === null) return begin(view);
  switch (view.kill.state) {
    case 'intended':
      return intended(view);
    case 'term':
      if (isGone(view.proof)) return { do: 'end', as: 'dead' };
      if (view.inStateMs < times.termGraceMs) return { do: 'wait' };
      return view.proof === 'alive' ? { do: 'kill' } : { do: 'mismatch' };
    case 'kill':
      if (isGone(view.proof)) return { do: 'end', as: 'dead' };
      return view.inStateMs < DEATH_MS ? { do: 'wait' } : { do: 'end', as: 'failed' };
    case 'dead':
      if (view.successor) return { do: 'end', as: 'recovered' };
      if (!view.sighted || view.inStateMs < times.recoverMs) return { do: 'wait' };
      return { do: 'end', as: 'failed' };
    default:
      return { do: 'none' };
  }
}

function begin(view: LadderView): LadderStep {
  if (view.suspect === null || !view.sighted) return { do: 'none' };
  // Never there: a matter of whoever should have started it.
  if (view.proof === 'nobody') return { do: 'none' };
  // Ended by itself: the supervisor's part, and there is nothing to signal.
  if (view.proof === 'dead' && !view.otherBoot) return { do: 'none' };
  if (view.proof !== 'alive' || view.forbidden) return { do: 'mismatch' };
  if (view.recentKills >= KILLS_MAX) return { do: 'stand-down' };
  return { do: view.otherFirst ? 'wait' : 'intend' };
}

/** Between the intent and the first signal the watchdog itself may have been restarted. */
function intended(view: LadderView): LadderStep {
  if (isGone(view.proof)) return { do: 'end', as: 'dead' };
  if (view.proof !== 'alive') return { do: 'mismatch' };
  if (view.suspect !== null) return { do: 'term' };
  return view.revived || view.successor ? { do: 'end', as: 'recovered' } : { do: 'wait' };
}

/** Its end is proven, also where the pid belongs to somebody else by now. */
function isGone(proof: Proof): boolean {
  return proof === 'dead' || proof === 'other';
}
