import { type WindowState, committedNusd, sanitiseLine } from '@nightshift/domain';
import type { ServiceStatus, Status } from '@nightshift/operate';
import type { Printer } from '../printer.ts';
import { dollars, usd } from './dollars.ts';
import type { Tone } from './style.ts';
import { relative, span } from './time.ts';
import { valueDocument } from './value-text.ts';

/** The contract of `status --json`, without the schema number. */
export function statusDocument(status: Status): object {
  const { day } = status;
  return {
    halted: status.halt.halted,
    services: status.services,
    spend: {
      day: day.key,
      settledUsd: usd(day.settledNusd),
      heldUsd: usd(day.heldNusd),
      presumedUsd: usd(day.presumedNusd),
      capUsd: usd(day.capNusd),
    },
    queue: status.queue,
    drafts: status.drafts,
    breakers: status.breakers,
    alerts: { open: status.incidents.length },
    next: status.next,
    drills: status.drills,
    value: status.value === null ? null : valueDocument(status.value),
    sandbox: status.sandbox,
    config: { error: status.configError, capsHold: status.capsHold },
  };
}

/** The one screen. */
export function printStatus(printer: Printer, status: Status, now: number): void {
  const { paint } = printer;
  const fact = (name: string, text: string): void =>
    printer.line(`${paint('dim', name.padEnd(9))} ${text}`);
  status.services.forEach((it, i) => fact(i === 0 ? 'services' : '', serviceText(printer, it)));
  fact('today', spendText(printer, status.day));
  fact('queue', queueText(printer, status));
  const { waiting } = status.drafts;
  if (waiting > 0) {
    const what = waiting === 1 ? '1 waits for you' : `${waiting} wait for you`;
    fact('drafts', paint('warn', `${what}: nightshift drafts list`));
  }
  const tripped = status.breakers.filter((it) => it.state !== 'closed');
  if (tripped.length > 0) {
    const names = tripped.map((it) => `${sanitiseLine(it.name)} is ${it.state}`).join(', ');
    fact('breakers', paint('bad', names));
  }
  fact('alerts', alertsText(printer, status));
  if (status.withoutAlerts) {
    fact('', paint('warn', 'installed without alerts: trouble may reach nobody'));
  }
  for (const it of status.incidents) {
    fact('', `${paint('bad', '•')} ${sanitiseLine(it.title)}  ${paint('dim', it.rule)}`);
  }
  if (status.next.length > 0) {
    fact('next', status.next.map((it) => `${it.agent} ${relative(it.at, now)}`).join(', '));
  }
  fact('value', valueText(printer, status));
  fact('drills', drillsText(printer, status, now));
  fact('sandbox', status.sandbox.launcher ?? 'no worker has proven one yet');
  if (status.configError !== null) {
    fact('config', paint('bad', 'cannot be read: nightshift check says why'));
  }
  if (!status.capsHold) fact('caps', paint('bad', 'not of this configuration: nightshift doctor'));
}

/** Green, yellow from 80 %, red when nothing is left. */
export function budgetTone(window: WindowState): Tone {
  const committed = committedNusd(window);
  if (committed >= window.capNusd) return committed === 0 ? 'dim' : 'bad';
  return committed * 5 >= window.capNusd * 4 ? 'warn' : 'good';
}

function serviceText({ paint }: Printer, it: ServiceStatus): string {
  const name = it.name.padEnd(10);
  if (it.pid === null) return `${paint('dim', '○')} ${name} ${paint('dim', 'not running')}`;
  const dot = it.healthy ? paint('good', '●') : paint('bad', '●');
  const beat = it.beatAgeMs === null ? '' : `beat ${span(it.beatAgeMs)} ago`;
  return `${dot} ${name} ${it.phase.padEnd(9)} ${paint('dim', `pid ${it.pid}, ${beat}`)}`;
}

function spendText({ paint }: Printer, day: WindowState): string {
  const parts = [`${dollars(day.settledNusd)} settled`];
  if (day.heldNusd > 0) parts.push(`${dollars(day.heldNusd)} held`);
  if (day.presumedNusd > 0) parts.push(`${dollars(day.presumedNusd)} presumed`);
  const cap = paint(budgetTone(day), `of ${dollars(day.capNusd)}`);
  return `${parts.join(' + ')} ${cap}  ${paint('dim', day.key)}`;
}

function queueText({ paint }: Printer, { queue }: Status): string {
  const parts = [
    `${queue.queued} queued`,
    `${queue.waiting} waiting`,
    queue.running > 0 ? paint('accent', `${queue.running} running`) : '0 running',
    queue.dead > 0 ? paint('bad', `${queue.dead} dead`) : '0 dead',
  ];
  return parts.join(', ');
}

function alertsText({ paint }: Printer, { incidents }: Status): string {
  return incidents.length === 0 ? 'none open' : paint('bad', `${incidents.length} open`);
}

function drillsText({ paint }: Printer, { drills }: Status, now: number): string {
  if (drills.length === 0) return paint('dim', 'none was ever run: nightshift drill all');
  return drills
    .map((it) => {
      const text = `${it.name} ${relative(it.at, now)}`;
      if (it.outcome === 'passed') return text;
      return paint(it.outcome === 'skipped' ? 'dim' : 'bad', `${text} (${it.outcome})`);
    })
    .join(', ');
}

function valueText({ paint }: Printer, { value }: Status): string {
  if (value === null) return 'not known';
  const reports = `${value.reports} ${value.reports === 1 ? 'report' : 'reports'} in 30 days`;
  const sum = `saved ${dollars(value.savedNusd)} - spent ${dollars(value.spentNusd)}`;
  const net = paint(value.netNusd < 0 ? 'bad' : 'good', dollars(value.netNusd));
  return `${net}  ${paint('dim', `${sum}, ${reports}`)}`;
}
