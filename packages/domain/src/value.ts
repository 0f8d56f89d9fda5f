import type { Nusd } from './money.ts';
import type { Settings } from './settings.ts';

/** What an agent saved and cost over a period. Null amounts where no value is configured. */
export interface AgentValue {
  readonly agent: string;
  readonly reports: number;
  readonly savedNusd: Nusd;
  readonly spentNusd: Nusd;
  readonly netNusd: Nusd;
  /** False where the configuration does not say what a report is worth. */
  readonly valued: boolean;
}

export interface Value {
  readonly sinceAt: number;
  readonly agents: readonly AgentValue[];
  readonly reports: number;
  readonly savedNusd: Nusd;
  readonly spentNusd: Nusd;
  readonly netNusd: Nusd;
}

/** Jobs of one agent that are done and delivered a report, and what all their attempts cost. */
export interface Delivered {
  readonly agent: string;
  readonly count: number;
  readonly spentNusd: Nusd;
}

/**
 * Hours saved x rate - spent, over jobs that are done and delivered a report. The hours are the
 * operator's estimate; the money is the ledger's.
 */
export function valueOf(
  settings: Pick<Settings, 'agents'>,
  delivered: readonly Delivered[],
  sinceAt: number,
): Value {
  const agents = delivered.map((it) => agentValue(settings, it));
  const sum = (pick: (it: AgentValue) => number): number =>
    agents.reduce((total, it) => total + pick(it), 0);
  return {
    sinceAt,
    agents,
    reports: sum((it) => it.reports),
    savedNusd: sum((it) => it.savedNusd),
    spentNusd: sum((it) => it.spentNusd),
    netNusd: sum((it) => it.netNusd),
  };
}

function agentValue(settings: Pick<Settings, 'agents'>, delivered: Delivered): AgentValue {
  const worth = settings.agents.find((it) => it.name === delivered.agent)?.value ?? null;
  const savedNusd =
    worth === null ? 0 : savedPerReport(worth.hoursSaved, worth.hourlyRateNusd) * delivered.count;
  return {
    agent: delivered.agent,
    reports: delivered.count,
    savedNusd,
    spentNusd: delivered.spentNusd,
    netNusd: savedNusd - delivered.spentNusd,
    valued: worth !== null,
  };
}

/**
 * Worth of one report, nano-dollars, rounded down: an estimate should not flatter itself. Hours are
 * taken to a millionth, so that 0.1 h is a tenth and not what a double makes of it.
 */
export function savedPerReport(hours: number, hourlyRateNusd: Nusd): Nusd {
  const microHours = BigInt(Math.round(hours * 1_000_000));
  return Number((microHours * BigInt(hourlyRateNusd)) / 1_000_000n);
}
