import { formatUsd, type Finding, type WindowState } from '@nightshift/domain';
import type { Rule } from '../rule.ts';

/**
 * Shares of a day's cap that are told. The reserve never lets a window pass its cap, so "full" means
 * that less than a hundredth is left; held money is left out because most of it comes back, and an
 * alert that comes and goes with each call is one that gets silenced.
 */
const STEPS = [
  { name: '80', share: 0.8, severity: 'warn', title: 'has spent 80 % of its day' },
  { name: '100', share: 0.99, severity: 'page', title: 'has spent its whole day' },
] as const;

/** The day's window of everybody, or of one agent, is nearly or wholly spent. */
export const spendDay: Rule = {
  id: 'spend-day',
  severity: 'page',
  doc: 'A day window has reached 80 % or 100 % of its cap.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate: (facts) => facts.windows.filter((it) => it.window === 'day').flatMap(steps),
};

function steps(window: WindowState): Finding[] {
  const spent = window.settledNusd + window.presumedNusd;
  if (spent === 0) return [];
  return STEPS.filter((step) => spent >= step.share * window.capNusd).map((step) => ({
    rule: spendDay.id,
    key: `${spendDay.id}:${step.name}:${window.scope}`,
    severity: step.severity,
    title: `${subject(window)} ${step.title}`,
    detail:
      `${formatUsd(spent)} of ${formatUsd(window.capNusd)} are spent on ${window.key}` +
      `, ${formatUsd(window.heldNusd)} more are held. Calls that do not fit wait for the next day.`,
  }));
}

function subject(window: WindowState): string {
  return window.scope === 'global' ? 'Everything together' : window.scope.replace(':', ' ');
}
