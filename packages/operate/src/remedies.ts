import {
  type Correction,
  EXIT,
  NightshiftError,
  type Nusd,
  type Raise,
  agentScope,
  parseUsd,
} from '@nightshift/domain';
import { requireAgent } from './agents.ts';
import type { Installation } from './installation.ts';

/** A raise by more than this is a slip of the finger. */
const RAISE_MAX_NUSD = 10_000 * 1_000_000_000;

/**
 * Books a call at what it really cost, up or down.
 * @throws NightshiftError `bad-money`, `bad-reason` (64), `hold-unknown` (1), `hold-open` (69).
 */
export async function correctSpend(
  installation: Installation,
  request: { readonly id: string; readonly to: string; readonly reason: string },
): Promise<Correction> {
  const { id, reason } = request;
  requireReason(reason);
  const toNusd = money(request.to, '--to');
  return (await installation.store()).ledger.correct({ id, toNusd, reason }, installation.actor);
}

/**
 * Lets today cost more, for everybody together or for one agent, until the day is over.
 * @throws NightshiftError `bad-money`, `bad-reason`, `unknown-agent` (64), `no-cap` (1).
 */
export async function raiseBudget(
  installation: Installation,
  request: { readonly by: string; readonly agent?: string | undefined; readonly reason: string },
): Promise<Raise> {
  const { by, agent, reason } = request;
  requireReason(reason);
  const addNusd = money(by, '--today');
  if (addNusd === 0 || addNusd > RAISE_MAX_NUSD) throw badAmount(by);
  const settings = await installation.settings();
  const scope =
    agent === undefined ? ('global' as const) : agentScope(requireAgent(settings, agent).name);
  const { ledger } = await installation.store();
  return ledger.raiseToday({ scope, addNusd, reason }, installation.actor);
}

/** Takes the clock of this machine for the truth. @returns what was believed before, and now. */
export async function acceptClock(
  installation: Installation,
): Promise<{ readonly beforeAt: number; readonly nowAt: number }> {
  return (await installation.store()).ledger.acceptClock(installation.actor);
}

function money(text: string, at: string): Nusd {
  try {
    return parseUsd(text, at);
  } catch (error) {
    if (!(error instanceof NightshiftError)) throw error;
    const { code, message, fix } = error;
    throw new NightshiftError(code, message, { at, fix, exitCode: EXIT.usage });
  }
}

function requireReason(reason: string): void {
  if (reason.trim() !== '') return;
  throw new NightshiftError('bad-reason', 'a remedy needs a reason: it is read later', {
    at: '--reason',
    exitCode: EXIT.usage,
  });
}

function badAmount(by: string): NightshiftError {
  return new NightshiftError('bad-money', `${by} is nothing, or more than $10000`, {
    at: '--today',
    exitCode: EXIT.usage,
  });
}
