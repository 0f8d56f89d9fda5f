import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CHECKS } from './checks.ts';
import { readEvidence } from './evidence.ts';
import { cronSlots } from './expected-slots.ts';
import { type Story, T0, quietNight, tell } from './fixtures/story.ts';

/** The invariants that the referee finds broken in a story. */
function broken(spoil: (story: Story) => void): string[] {
  const story = quietNight();
  spoil(story);
  const evidence = readEvidence(tell(story));
  const verdicts = CHECKS.map((check) => check(evidence));
  return verdicts.filter(({ violations }) => violations.length > 0).map(({ id }) => id);
}

test('the referee has a check for each invariant and finds nothing in a quiet night', () => {
  const evidence = readEvidence(tell(quietNight()));
  const verdicts = CHECKS.map((check) => check(evidence));
  expect(verdicts.flatMap(({ id, violations }) => violations.map((it) => `${id}: ${it}`))).toEqual(
    [],
  );
  const ids = Array.from({ length: 13 }, (_, n) => `I${n + 1}`);
  expect(verdicts.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
});

const ANOTHER_CALL = `
  INSERT INTO spend SELECT 's2', windows, job, attempt, agent, instance, step, ordinal, endpoint,
    model, price_version, request_hash, day, bound_nusd, actual_nusd, state, outcome, status,
    detail, usage, taken_at, sent_at, ended_at FROM spend WHERE id = 's1';
  UPDATE budget_windows SET settled_nusd = 1400000;`;

const SPOILT: readonly (readonly [string, string, (story: Story) => void])[] = [
  [
    'I1',
    'a window that holds more than its cap',
    (it) => {
      it.main = `UPDATE budget_windows SET presumed_nusd = 999999999 WHERE id = 1`;
    },
  ],
  [
    'I1',
    'counters that their rows do not explain',
    (it) => {
      it.main = `UPDATE budget_windows SET settled_nusd = 699999 WHERE id = 2`;
    },
  ],
  [
    'I1',
    'a bill above the cap of the job',
    (it) => {
      it.bill = { ...it.bill, rows: [{ ...it.bill.rows[0]!, costNusd: 40_000_001 }] };
    },
  ],
  [
    'I2',
    'a billed call that the ledger does not know',
    (it) => {
      it.bill = { ...it.bill, calls: 2, rows: [...it.bill.rows, { ...it.bill.rows[0]!, id: 'x' }] };
    },
  ],
  [
    'I2',
    'a call that was released and billed all the same',
    (it) => {
      it.main = `UPDATE spend SET state = 'released', actual_nusd = NULL;
               UPDATE budget_windows SET settled_nusd = 0`;
    },
  ],
  [
    'I2',
    'a hold that never ended',
    (it) => {
      it.main = `UPDATE spend SET state = 'held', ended_at = NULL;
               UPDATE budget_windows SET settled_nusd = 0, held_nusd = 5000000`;
    },
  ],
  [
    'I3',
    'a model that is not allowed',
    (it) => {
      it.bill = { ...it.bill, rows: [{ ...it.bill.rows[0]!, model: 'other-model' }] };
    },
  ],
  [
    'I4',
    'a hold that was taken after the attempt had ended',
    (it) => {
      it.main = `UPDATE events SET id = 10 WHERE id = 5;
               UPDATE events SET id = 11 WHERE id = 6`;
    },
  ],
  [
    'I4',
    'a hold of an instance that did not have the lease',
    (it) => {
      it.main = `UPDATE spend SET instance = 'i2'`;
    },
  ],
  [
    'I5',
    'a job that was accepted and is nowhere',
    (it) => {
      it.main = `DELETE FROM jobs WHERE id = 'j2'`;
    },
  ],
  [
    'I5',
    'a job that ended twice',
    (it) => {
      it.main = `INSERT INTO events (at, kind, ref, data) VALUES (1, 'job.dead', 'j1', '{}')`;
      it.watch = `UPDATE incidents SET detail = 'a j2: x, a j1: x'`;
    },
  ],
  [
    'I5',
    'a key that was accepted and forgotten',
    (it) => {
      it.timeline.push({ kind: 'accepted', key: 'lost', at: T0, mono: 0 });
    },
  ],
  [
    'I6',
    'a slot that is nowhere',
    (it) => {
      it.main = `DELETE FROM slots WHERE status = 'skipped'`;
    },
  ],
  [
    'I6',
    'a slot that was never due',
    (it) => {
      it.main = `INSERT INTO slots (agent, scheduled_for, status, reason, decided_at)
               VALUES ('a', ${T0 + 60_000}, 'skipped', 'overlap', 1)`;
    },
  ],
  [
    'I7',
    'a key that made two jobs',
    (it) => {
      it.main = `INSERT INTO events (id, at, kind, ref, data)
               VALUES (12, 1, 'job.enqueued', 'j1', '{"key":"by-hand"}')`;
    },
  ],
  [
    'I7',
    'a slot that made two jobs',
    (it) => {
      it.main = `UPDATE jobs SET slot = ${T0 + 3_600_000} WHERE id = 'j2'`;
    },
  ],
  [
    'I8',
    'a call that was paid for again after its answer was kept',
    (it) => {
      it.main = ANOTHER_CALL;
    },
  ],
  [
    'I8',
    'a step that was paid for again after it was complete',
    (it) => {
      it.main = `UPDATE events SET id = 3 - 100 WHERE id = 6`;
    },
  ],
  [
    'I9',
    'a request at the host that nobody is allowed',
    (it) => {
      it.denied = [{ path: '/' }];
    },
  ],
  [
    'I10',
    'an act that nobody approved',
    (it) => {
      it.timeline = it.timeline.filter(({ kind }) => kind !== 'decided');
    },
  ],
  [
    'I10',
    'an act that happened twice',
    (it) => {
      it.notes = ['j1', 'j1'];
    },
  ],
  [
    'I11',
    'an incident that was never told',
    (it) => {
      it.watch = `DELETE FROM deliveries`;
    },
  ],
  [
    'I11',
    'a message that never arrived',
    (it) => {
      it.ntfy = [];
    },
  ],
  [
    'I11',
    'a dead letter that no incident names',
    (it) => {
      it.watch = `UPDATE incidents SET detail = 'somebody else'`;
    },
  ],
  [
    'I12',
    'a claim while halted',
    (it) => {
      it.main = `INSERT INTO events (id, at, kind, ref, data)
               VALUES (25, 1, 'job.claimed', 'j9', '{"attempt":1}')`;
    },
  ],
  [
    'I12',
    'a call that left after the halt command had answered',
    (it) => {
      const at = T0 + 3 * 3_600_000 + 20_000;
      it.bill = { ...it.bill, rows: [{ ...it.bill.rows[0]!, at }] };
    },
  ],
  [
    'I12',
    'an attempt that runs on while halted',
    (it) => {
      it.main = `UPDATE attempts SET ended_at = ${T0 + 3.5 * 3_600_000} WHERE job = 'j1'`;
    },
  ],
  [
    'I13',
    'a healthy service that was ended',
    (it) => {
      it.watch = `UPDATE kills SET pid = 78`;
    },
  ],
  [
    'I13',
    'a wedged service that lived on',
    (it) => {
      it.timeline = it.timeline.filter(({ kind }) => kind !== 'exit');
    },
  ],
];

test.each(SPOILT)('%s is found broken by %s', (id, _what, spoil) => {
  expect(broken(spoil)).toContain(id);
});

test('the referee reads the repeated hour as people do', () => {
  const [from, to] = [Date.parse('2026-10-24T12:00Z'), Date.parse('2026-10-25T12:00Z')];
  const slots = (cron: string): string[] =>
    cronSlots(cron, 'Europe/Berlin', from, to).map((at) =>
      new Date(at).toISOString().slice(11, 16),
    );
  expect(slots('30 2 * * *')).toEqual(['00:30']);
  expect(slots('30 * * * *')).toHaveLength(24);
});

test('the referee imports nothing but Node and itself', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
  const own = files.filter((it) => it.endsWith('.ts') && !/fixtures|\.test\./.test(it));
  const imports = own.flatMap((name) => {
    const text = readFileSync(path.join(import.meta.dirname, name), 'utf8');
    return [...text.matchAll(/from '([^']+)'/g)].map((it) => it[1]!);
  });
  expect(own.length).toBeGreaterThan(8);
  const inside = (it: string): boolean => it.startsWith('node:') || /^\.\.?\/[\w/-]+\.ts$/.test(it);
  expect(imports.filter((it) => !inside(it))).toEqual([]);
});
