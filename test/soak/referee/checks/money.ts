import type { Evidence, Spend, Window } from '../evidence.ts';
import { askerOf, counted, grouped, sum } from '../reading.ts';
import type { Verdict } from '../verdict.ts';

const NUSD_PER_USD = 1e9;
const CAP_OF: Readonly<Record<string, string>> = {
  call: 'perCall',
  job: 'perJob',
  hour: 'perHour',
  day: 'perDay',
  month: 'perMonth',
};

/** The largest cap that was ever configured for a window, nano-dollars. */
function capOf({ facts }: Evidence, window: string): number {
  const name = CAP_OF[window]!;
  const caps = facts.caps.map((it) => it[name]).filter((it) => it !== undefined);
  return caps.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...caps) * NUSD_PER_USD;
}

/** I1: no window, by its counters, its rows, or the provider's bill, holds more than its cap. */
export function capsHold(evidence: Evidence): Verdict {
  const violations: string[] = [];
  let overshoot = 0;
  const byWindow = rowsByWindow(evidence.spend);
  const over = (name: string, total: number, cap: number): void => {
    if (total <= cap) return;
    overshoot += total - cap;
    violations.push(`${name} holds ${total} nUSD of ${cap}`);
  };
  for (const window of evidence.windows) {
    const name = `${window.scope} ${window.window} ${window.key}`;
    const cap = capOf(evidence, window.window) + window.raised_nusd;
    over(name, window.settled_nusd + window.held_nusd + window.presumed_nusd, cap);
    violations.push(...disagreements(name, window, byWindow.get(window.id) ?? []));
  }
  for (const [key, billed] of billedByWindow(evidence)) {
    over(`the bill of ${key}`, billed, capOf(evidence, key.split(' ')[0]!));
  }
  const dear = evidence.spend.filter((it) => it.bound_nusd > capOf(evidence, 'call'));
  violations.push(...dear.map((it) => `call ${it.id} was let through at ${it.bound_nusd} nUSD`));
  return {
    id: 'I1',
    what: 'every window within its cap: counters, rows and bill',
    counted: { windows: evidence.windows.length, overshootNusd: overshoot },
    violations,
  };
}

function rowsByWindow(spend: readonly Spend[]): Map<number, Spend[]> {
  const rows = new Map<number, Spend[]>();
  for (const row of spend) {
    for (const id of JSON.parse(row.windows) as number[]) {
      const group = rows.get(id);
      if (group === undefined) rows.set(id, [row]);
      else group.push(row);
    }
  }
  return rows;
}

/** Counters that differ from what their rows add up to. */
function disagreements(name: string, window: Window, rows: readonly Spend[]): string[] {
  const total = (state: string): number =>
    sum(rows.filter((it) => it.state === state).map((it) => counted(it)));
  const pairs = [
    ['settled', window.settled_nusd],
    ['held', window.held_nusd],
    ['presumed', window.presumed_nusd],
  ] as const;
  return pairs
    .filter(([state, counter]) => total(state) !== counter)
    .map(([state, counter]) => `${name}: ${state} says ${counter}, its rows ${total(state)}`);
}

/** What the provider charges for each job and each day; calls whose day is not certain left out. */
function billedByWindow(evidence: Evidence): Map<string, number> {
  const dayOf = new Map<string, string | null>();
  for (const [job, rows] of grouped(evidence.spend, (it) => it.job)) {
    const days = new Set(rows.map((it) => it.day));
    dayOf.set(job, days.size === 1 ? rows[0]!.day : null);
  }
  const billed = new Map<string, number>();
  const add = (key: string, nusd: number): unknown =>
    billed.set(key, (billed.get(key) ?? 0) + nusd);
  for (const row of evidence.bill.rows) {
    const job = askerOf(row)?.job;
    if (job === undefined) continue;
    add(`job ${job}`, row.costNusd);
    const day = dayOf.get(job);
    if (day != null) add(`day ${day}`, row.costNusd);
  }
  return billed;
}

/**
 * I2: what the provider billed stands in the ledger with at least as much, call by call, and
 * nothing is still held when everything has ended.
 */
export function holdsEnd(evidence: Evidence): Verdict {
  const { bill, spend } = evidence;
  const violations: string[] = [];
  const key = (job: string, step: string): string => `job ${job} step "${step}"`;
  const ledger = grouped(spend, (it) => key(it.job, it.step));
  const billed = grouped(bill.rows, (row) => {
    const asker = askerOf(row);
    return asker === null ? 'nobody' : key(asker.job, asker.step);
  });
  for (const [name, rows] of billed) {
    const booked = ledger.get(name) ?? [];
    const cost = sum(rows.map((it) => it.costNusd));
    const total = sum(booked.map((it) => counted(it)));
    const paid = booked.filter((it) => it.state !== 'released').length;
    if (total < cost) violations.push(`${name}: billed ${cost} nUSD, booked ${total}`);
    if (paid < rows.length) violations.push(`${name}: ${rows.length} billed, ${paid} booked`);
  }
  for (const row of spend) {
    if (row.state === 'held') violations.push(`hold ${row.id} never ended`);
    if (row.state === 'settled' && row.actual_nusd === null)
      violations.push(`${row.id}: no actual`);
  }
  if (bill.rows.length !== bill.calls) {
    violations.push(`the bill has ${bill.calls} calls, ${bill.rows.length} were read`);
  }
  const state = (name: string): number => spend.filter((it) => it.state === name).length;
  return {
    id: 'I2',
    what: 'each billed call is booked at its price or above; no hold is left',
    counted: {
      billed: bill.rows.length,
      settled: state('settled'),
      released: state('released'),
      presumed: state('presumed'),
    },
    violations,
  };
}

/** I3: only models that are allowed were ever asked for, and each by a job that exists. */
export function modelsAllowed({ bill, spend, facts, jobs }: Evidence): Verdict {
  const allowed = new Set(facts.models);
  const known = new Map(jobs.map((it) => [it.id, it.agent]));
  const violations = [
    ...bill.rows
      .filter((it) => !allowed.has(it.model))
      .map((it) => `bill ${it.id}: ${it.model} was asked for`),
    ...spend.filter((it) => !allowed.has(it.model)).map((it) => `hold ${it.id}: ${it.model}`),
    ...bill.rows.flatMap((row) => {
      const asker = askerOf(row);
      if (asker === null) return [`bill ${row.id}: nobody's question`];
      const agent = known.get(asker.job);
      return agent === asker.agent ? [] : [`bill ${row.id}: job ${asker.job} is of ${agent}`];
    }),
  ];
  return {
    id: 'I3',
    what: 'only allowed models, asked by jobs that exist',
    counted: { calls: bill.rows.length, models: new Set(bill.rows.map((it) => it.model)).size },
    violations,
  };
}

/** I8: after a kept answer or a completed step, the same call was not paid for again. */
export function paidOnce(evidence: Evidence): Verdict {
  const { calls, events, spend, steps } = evidence;
  const violations: string[] = [];
  let doubled = 0;
  const again = (text: string): void => {
    doubled += 1;
    violations.push(text);
  };
  const key = (it: { job: string; step: string; ordinal: number; request_hash: string }): string =>
    `${it.job} ${it.step} ${it.ordinal} ${it.request_hash}`;
  const same = grouped(spend, key);
  for (const call of calls) {
    const rows = same.get(key(call)) ?? [];
    const kept = rows.find((it) => it.id === call.spend);
    const later = rows.filter((it) => kept !== undefined && it.n > kept.n);
    if (kept === undefined) violations.push(`the kept answer of ${key(call)} has no row`);
    if (later.length > 0) again(`${key(call)}: ${later.length} calls after its answer was kept`);
  }
  const stepOf = new Map(spend.map((it) => [it.id, it.step]));
  const done = new Set<string>();
  for (const { kind, ref, data } of events) {
    if (kind === 'step.completed') done.add(`${ref} ${String(data['name'])}`);
    if (kind !== 'spend.held') continue;
    const step = stepOf.get(String(data['hold']));
    if (step !== undefined && step !== '' && done.has(`${ref} ${step}`)) {
      again(`job ${ref} paid for step ${step} after it was complete`);
    }
  }
  return {
    id: 'I8',
    what: 'no completed step and no kept answer was paid for again',
    counted: { keptAnswers: calls.length, steps: steps.length, doubled },
    violations,
  };
}
