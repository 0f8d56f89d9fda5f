import type { BillRow, Event, Evidence, Spend } from './evidence.ts';

/** Who asked, by the question itself. */
export interface Asker {
  readonly job: string;
  readonly agent: string;
  readonly step: string;
  readonly call: string;
}

/** Each agent writes into its question whose it is; null for one that does not say. */
export function askerOf(row: BillRow): Asker | null {
  const content = row.requestBody.messages?.[0]?.content ?? '';
  const match = /^job=(\S+) agent=(\S+) step=(\S*) call=(\d+)$/.exec(content);
  if (match === null) return null;
  return { job: match[1]!, agent: match[2]!, step: match[3]!, call: match[4]! };
}

export function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

/** What a row of the ledger counts for. */
export function counted(row: Spend): number {
  if (row.state === 'settled') return row.actual_nusd ?? 0;
  return row.state === 'released' ? 0 : Math.max(row.bound_nusd, row.actual_nusd ?? 0);
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((so, it) => so + it, 0);
}

/** Stretches in which the row said "halted", by the numbers of events: free of any clock. */
export function halts({ events }: Evidence): { from: Event; to: Event | null }[] {
  const found: { from: Event; to: Event | null }[] = [];
  for (const event of events) {
    if (event.kind === 'control.halted') {
      if (found.length === 0 || found.at(-1)!.to !== null) found.push({ from: event, to: null });
    }
    if (event.kind === 'control.resumed' && found.length > 0) found.at(-1)!.to ??= event;
  }
  return found;
}
