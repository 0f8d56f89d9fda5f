import type { AgentValue, Nusd, Value } from '@nightshift/domain';
import type { ValueTrend } from '@nightshift/operate';
import type { Printer } from '../printer.ts';
import { dollars, usd } from './dollars.ts';
import { sparkline } from './sparkline.ts';
import type { Cell } from './table.ts';

/** Value for a program. */
export function valueDocument(value: Value): object {
  return {
    sinceAt: value.sinceAt,
    reports: value.reports,
    savedUsd: usd(value.savedNusd),
    spentUsd: usd(value.spentNusd),
    netUsd: usd(value.netNusd),
    agents: value.agents.map((it) => ({
      agent: it.agent,
      reports: it.reports,
      savedUsd: it.valued ? usd(it.savedNusd) : null,
      spentUsd: usd(it.spentNusd),
      netUsd: usd(it.netNusd),
    })),
  };
}

/** As {@link valueDocument}, with the period before and the parts of this one. */
export function trendDocument({ now, before, parts }: ValueTrend): object {
  return {
    ...valueDocument(now),
    before: valueDocument(before),
    parts: parts.map(valueDocument),
  };
}

/** A row an agent, also one that delivered before and not now, and one for all of them. */
export function printValue(
  printer: Printer,
  { now, before, parts }: ValueTrend,
  days: number,
): void {
  const names = [...new Set([...now.agents, ...before.agents].map((it) => it.agent))].toSorted();
  if (names.length === 0 && printer.person) {
    printer.line(`no job delivered a report in ${2 * days} days`);
    return;
  }
  const row = (name: string, of: (value: Value) => AgentValue): readonly Cell[] =>
    valueRow(
      name,
      of(now),
      of(before).netNusd,
      parts.map((it) => of(it).netNusd),
    );
  printer.table(
    [
      { title: 'agent' },
      { title: 'reports', align: 'right' },
      { title: 'saved', align: 'right' },
      { title: 'spent', align: 'right' },
      { title: 'net', align: 'right' },
      { title: `${days} days before`, align: 'right' },
      { title: 'change', align: 'right' },
      { title: 'trend' },
    ],
    [
      ...names.map((name) => row(name, (value) => ofAgent(value, name))),
      row('all', (value) => ({ ...value, agent: 'all', valued: true })),
    ],
  );
}

function valueRow(
  name: string,
  it: AgentValue,
  before: Nusd,
  parts: readonly Nusd[],
): readonly Cell[] {
  const change = it.netNusd - before;
  return [
    { text: name, tone: name === 'all' ? 'strong' : 'plain' },
    it.reports,
    it.valued ? dollars(it.savedNusd) : { text: 'not configured', tone: 'dim' },
    dollars(it.spentNusd),
    { text: dollars(it.netNusd), tone: it.netNusd < 0 ? 'bad' : 'good' },
    dollars(before),
    { text: `${change > 0 ? '+' : ''}${dollars(change)}`, tone: change < 0 ? 'bad' : 'good' },
    { text: sparkline(parts), tone: 'accent' },
  ];
}

/** What an agent did in a period; nothing, where it delivered nothing. */
function ofAgent(value: Value, agent: string): AgentValue {
  const nothing = { reports: 0, savedNusd: 0, spentNusd: 0, netNusd: 0, valued: true };
  return value.agents.find((it) => it.agent === agent) ?? { agent, ...nothing };
}
