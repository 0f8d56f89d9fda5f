import type { Finding, Incident, Severity } from '@nightshift/domain';
import { manualClock, type ManualClock } from '@nightshift/support';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conditionOf, CONDITIONS } from './conditions.ts';
import { deliveriesFor } from './delivery.ts';
import { nextReminder, transition, type Notice } from './incident.ts';

const MIN = 60_000;
const HOUR = 60 * MIN;

/** Troubles over many ticks, as the watchdog keeps them. */
function history(clock: ManualClock = manualClock()) {
  const rows = new Map<string, Incident>();
  const notices: Notice[] = [];
  return {
    clock,
    rows,
    notices,
    live: () => [...rows.values()].filter((it) => it.state !== 'resolved'),
    tick(findings: readonly Finding[], judges: (rule: string) => boolean = () => true): string[] {
      clock.advance(2_000);
      const next = transition(this.live(), findings, judges, clock);
      for (const incident of next.changed) rows.set(incident.id, incident);
      notices.push(...next.notices);
      return next.notices.map((it) => `${it.kind} ${it.incident.key}`);
    },
  };
}

function bad(key: string, part: Partial<Finding> = {}): Finding {
  const rule = key.split(':')[0] ?? key;
  const { severity } = conditionOf(rule);
  return { rule, key, severity, title: `${key} is bad`, detail: 'why', ...part };
}

const SILENT = bad('service-silent:worker');
const BLIND = bad('facts-unavailable');

describe('transition', () => {
  test('a condition that waits is pending first, and opens after its number of bad ticks', () => {
    const it = history();
    expect(it.tick([BLIND])).toEqual([]);
    expect(it.tick([BLIND])).toEqual([]);
    expect(it.tick([BLIND])).toEqual(['open facts-unavailable']);
    expect(it.tick([BLIND])).toEqual([]);
    expect(it.rows.size).toBe(1);
  });

  test('a pending one that gets well is never told', () => {
    const it = history();
    it.tick([BLIND]);
    expect([it.tick([]), it.tick([]), it.tick([BLIND])].flat()).toEqual([]);
    expect([...it.rows.values()].map((row) => row.state)).toEqual(['resolved', 'pending']);
  });

  test('it is over after its number of good ticks in a row', () => {
    const it = history();
    expect(it.tick([SILENT])).toEqual(['open service-silent:worker']);
    expect(it.tick([])).toEqual([]);
    expect(it.tick([SILENT])).toEqual([]);
    expect(it.tick([])).toEqual([]);
    expect(it.tick([])).toEqual(['resolved service-silent:worker']);
    expect(it.live()).toEqual([]);
  });

  test('the same trouble later is a new incident', () => {
    const it = history();
    it.tick([SILENT]);
    it.tick([]);
    it.tick([]);
    expect(it.tick([SILENT])).toEqual(['open service-silent:worker']);
    expect(it.rows.size).toBe(2);
  });

  test('what cannot be judged neither opens nor ends', () => {
    const it = history();
    it.tick([SILENT]);
    for (let i = 0; i < 5; i++) expect(it.tick([], () => false)).toEqual([]);
    expect(it.live()).toHaveLength(1);
  });

  test('a finding that is said once is told and over', () => {
    const it = history();
    const dead = bad('dead-letter:1', { once: true });
    expect(it.tick([dead])).toEqual(['open dead-letter:1']);
    expect([it.tick([]), it.tick([])].flat()).toEqual([]);
    expect(it.live()).toEqual([]);
  });

  test('two findings of one key in one tick are one incident of the worse severity', () => {
    const it = history();
    it.tick([bad('breaker-open:x'), bad('breaker-open:x', { severity: 'page' })]);
    expect(it.live().map((row) => row.severity)).toEqual(['page']);
  });

  test('reminders come after half an hour, two, six, and then daily', () => {
    const it = history();
    it.tick([SILENT]);
    const opened = it.clock.now();
    const ages: number[] = [];
    for (let minute = 0; minute < 73 * 60; minute++) {
      it.clock.advance(MIN - 2_000);
      if (it.tick([SILENT]).length > 0) ages.push((it.clock.now() - opened) / HOUR);
    }
    expect(ages.map((age) => Math.round(age * 10) / 10)).toEqual([0.5, 2, 6, 24, 48, 72]);
  });

  test.each([
    [0, 30 * MIN],
    [30 * MIN, 2 * HOUR],
    [3 * HOUR, 6 * HOUR],
    [7 * HOUR, 24 * HOUR],
    [24 * HOUR, 48 * HOUR],
    [9 * 24 * HOUR + 1, 10 * 24 * HOUR],
  ])('the reminder after an age of %i ms is at %i ms', (age, at) => {
    expect(nextReminder(1_000, 1_000 + age)).toBe(1_000 + at);
  });

  test('an acknowledged incident is quiet until then, or until it gets worse', () => {
    const it = history();
    const mild = bad('breaker-open:x');
    it.tick([mild]);
    const [row] = it.live();
    it.rows.set(row!.id, { ...row!, ackedUntil: it.clock.now() + 4 * HOUR, ackedBy: 'me' });
    it.clock.advance(3 * HOUR);
    expect(it.tick([mild])).toEqual([]);
    expect(it.tick([{ ...mild, severity: 'page' }])).toEqual(['reminder breaker-open:x']);
    expect(it.live()[0]?.ackedBy).toBeNull();
  });

  test('an acknowledgement ends at its time', () => {
    const it = history();
    it.tick([SILENT]);
    const [row] = it.live();
    it.rows.set(row!.id, { ...row!, ackedUntil: it.clock.now() + HOUR, ackedBy: 'me' });
    it.clock.advance(HOUR);
    expect(it.tick([SILENT])).toEqual(['reminder service-silent:worker']);
  });

  test('a parent speaks for its children, also when both come in one tick', () => {
    const it = history();
    const child = bad('worker-wedged:worker');
    expect(it.tick([child, SILENT])).toEqual(['open service-silent:worker']);
    it.clock.advance(HOUR);
    expect(it.tick([child])).toEqual([]);
    expect(it.tick([child])).toEqual(['resolved service-silent:worker']);
    expect(it.tick([child])).toEqual(['open worker-wedged:worker']);
  });

  test('an open child of an open parent is not repeated', () => {
    const it = history();
    const child = bad('breaker-open:x');
    it.tick([child]);
    for (let i = 0; i < 3; i++) it.tick([BLIND], () => false);
    it.clock.advance(25 * MIN);
    it.tick([BLIND], () => false);
    it.clock.advance(5 * MIN);
    expect(it.tick([BLIND], () => false)).toEqual(['reminder facts-unavailable']);
  });

  test('never two live incidents of one key, and every opening has a row for each channel', () => {
    const finding = fc.record({
      rule: fc.constantFrom(...CONDITIONS.map((it) => it.id)),
      scope: fc.constantFrom('worker', 'scheduler'),
      severity: fc.constantFrom<Severity>('page', 'warn', 'info'),
      once: fc.boolean(),
    });
    const tick = fc.record({
      findings: fc.array(finding, { maxLength: 6 }),
      blind: fc.boolean(),
      passMs: fc.nat(3 * HOUR),
    });
    fc.assert(
      fc.property(fc.array(tick, { maxLength: 40 }), (ticks) => {
        const it = history();
        const told = new Set<string>();
        for (const { findings, blind, passMs } of ticks) {
          it.clock.advance(passMs);
          const before = it.notices.length;
          it.tick(
            findings.map(({ rule, scope, severity, once }) =>
              bad(`${rule}:${scope}`, { severity, ...(once ? { once } : {}) }),
            ),
            () => !blind,
          );
          const keys = it.live().map((row) => row.key);
          expect(new Set(keys).size).toBe(keys.length);
          const notices = it.notices.slice(before);
          for (const row of deliveriesFor(notices, ['a', 'b'], it.clock)) {
            if (row.kind === 'open') told.add(`${row.incident}/${row.channel}`);
          }
        }
        for (const row of it.rows.values()) {
          if (row.openedAt === null) continue;
          expect(told).toContain(`${row.id}/a`);
          expect(told).toContain(`${row.id}/b`);
        }
      }),
      { numRuns: 200 },
    );
  });
});
