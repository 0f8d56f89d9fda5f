import { formatUsd, type Finding, type Settings, type WindowState } from '@nightshift/domain';
import { brakeOf, ruleId, type Rule } from '../rule.ts';

const id = ruleId('spend-window');

/**
 * Shares of a cap that are told. The reserve never lets a window pass its cap, so "full" means that
 * less than a hundredth is left; held money is left out because most of it comes back, and an alert
 * that comes and goes with each call is one that gets silenced. Half of a window is news of a month
 * alone: half of a day or an hour is what they are for.
 */
const STEPS = [
  { name: '50', share: 0.5, severity: 'info', windows: ['month'], text: 'has spent half of its' },
  {
    name: '80',
    share: 0.8,
    severity: 'warn',
    windows: ['day', 'month'],
    text: 'has spent 80 % of its',
  },
  {
    name: '100',
    share: 0.99,
    severity: 'page',
    windows: ['day', 'month'],
    text: 'has spent its whole',
  },
  // The next hour is near: worth a line, not a night.
  { name: '100', share: 0.99, severity: 'warn', windows: ['hour'], text: 'has spent its whole' },
] as const;

/** A window of everybody, or of one agent, is partly or wholly spent. */
export const spendWindow: Rule = {
  id,
  severity: 'page',
  doc: 'An hour, day or month window has reached 50 %, 80 % or 100 % of its cap.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate: (facts, settings) => facts.windows.flatMap((it) => steps(it, settings)),
};

function steps(window: WindowState, settings: Settings): Finding[] {
  const spent = window.settledNusd + window.presumedNusd;
  if (spent === 0) return [];
  const reached = STEPS.filter(
    ({ windows, share }) =>
      (windows as readonly string[]).includes(window.window) && spent >= share * window.capNusd,
  );
  return reached.map((step) => ({
    rule: id,
    key: `${id}:${step.name}:${window.window}:${window.scope}`,
    severity: step.severity,
    title: `${subject(window)} ${step.text} ${window.window}`,
    detail:
      `${formatUsd(spent)} of ${formatUsd(window.capNusd)} are spent in ${window.key}, ` +
      `${formatUsd(window.heldNusd)} more are held. ` +
      `Calls that do not fit wait for the next ${window.window}.`,
    ...(step.name === '100' ? brakeOf(settings.alerts.rules[id].halt, agentOf(window)) : {}),
  }));
}

function subject(window: WindowState): string {
  return window.scope === 'global' ? 'Everything together' : window.scope.replace(':', ' ');
}

function agentOf({ scope }: WindowState): string | null {
  return scope.startsWith('agent:') ? scope.slice('agent:'.length) : null;
}
