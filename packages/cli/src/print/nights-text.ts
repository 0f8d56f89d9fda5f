import { sanitiseLine } from '@nightshift/domain';
import type { NightDay, Nights } from '@nightshift/operate';
import type { Printer } from '../printer.ts';
import { dollars, usd } from './dollars.ts';
import type { Cell } from './table.ts';
import { span } from './time.ts';

/** Nights for a program. Times are epoch ms, as everywhere. */
export function nightsDocument(nights: Nights): object {
  const { timezone, consecutive, ok } = nights;
  return { ok, consecutive, timezone, days: nights.days.map(dayDocument) };
}

/** One row a day, then why a day did not pass. */
export function printNights(printer: Printer, nights: Nights, asked: number): void {
  const { paint } = printer;
  printer.table(
    [
      { title: 'day' },
      { title: 'due', align: 'right' },
      { title: 'done', align: 'right' },
      { title: 'skipped', align: 'right' },
      { title: 'restarts', align: 'right' },
      { title: 'silent', align: 'right' },
      { title: 'spent', align: 'right' },
      { title: 'cap', align: 'right' },
      { title: 'alerts', align: 'right' },
      { title: 'told', align: 'right' },
      { title: 'orders', align: 'right' },
      { title: 'unattended' },
    ],
    nights.days.map(dayRow),
  );
  for (const it of nights.days.filter(({ whole }) => whole)) {
    for (const reason of it.reasons)
      printer.line(`${paint('bad', it.day)}  ${sanitiseLine(reason)}`);
  }
  const { consecutive } = nights;
  const verdict = `${consecutive} of ${asked} days ran unattended within every limit`;
  printer.line(paint(nights.ok ? 'good' : 'bad', verdict));
}

function dayRow(it: NightDay): readonly Cell[] {
  const global = it.spend.find(({ scope }) => scope === 'global');
  const longest = Math.max(0, ...it.gaps.map(({ ms }) => ms));
  const cap = global?.capNusd ?? null;
  return [
    it.day,
    it.slots.due,
    it.slots.done,
    it.slots.skipped,
    it.restarts.reduce((sum, { count }) => sum + count, 0),
    longest === 0 ? null : span(longest),
    dollars(global?.spentNusd ?? 0),
    cap === null ? null : dollars(cap),
    it.alerts.length,
    it.alerts.filter(({ receipts }) => receipts.length > 0).length,
    it.orders.length,
    verdictCell(it),
  ];
}

function verdictCell(it: NightDay): Cell {
  if (!it.whole) return { text: 'not over', tone: 'dim' };
  return it.ok ? { text: 'yes', tone: 'good' } : { text: 'no', tone: 'bad' };
}

function dayDocument(it: NightDay): object {
  const { spend, ...rest } = it;
  return {
    ...rest,
    spend: spend.map(({ scope, spentNusd, capNusd }) => ({
      scope,
      spentUsd: usd(spentNusd),
      capUsd: capNusd === null ? null : usd(capNusd),
    })),
  };
}
