import type { Evidence, Event } from '../evidence.ts';
import { durationMs } from '../expected-slots.ts';
import { askerOf, halts } from '../reading.ts';
import type { Verdict } from '../verdict.ts';

/** Events after which an attempt may not spend. */
const ENDS = new Set([
  'job.done',
  'job.retried',
  'job.returned',
  'job.dead',
  'job.cancelled',
  'job.taken-back',
]);

/** I4: every hold was taken by the attempt that ran, between its claim and its end. */
export function onlyTheLeaseSpends(evidence: Evidence): Verdict {
  const { attempts, events, spend } = evidence;
  const violations: string[] = [];
  const instances = new Map(attempts.map((it) => [`${it.job} ${it.n}`, it.instance]));
  const holds = new Map(spend.map((it) => [it.id, it]));
  const running = new Map<string, number>();
  for (const { kind, ref, data } of events) {
    if (ref === null) continue;
    if (kind === 'job.claimed') running.set(ref, Number(data['attempt']));
    if (ENDS.has(kind)) running.delete(ref);
    if (kind !== 'spend.held') continue;
    const hold = holds.get(String(data['hold']));
    if (hold === undefined) violations.push(`a hold of ${ref} has no row`);
    else if (running.get(ref) !== hold.attempt) {
      violations.push(`hold ${hold.id}: attempt ${hold.attempt} of ${ref} did not run`);
    }
  }
  for (const hold of spend) {
    const instance = instances.get(`${hold.job} ${hold.attempt}`);
    if (instance !== hold.instance) violations.push(`hold ${hold.id} is of another instance`);
  }
  return {
    id: 'I4',
    what: 'every hold was taken by the attempt that had the lease',
    counted: { holds: spend.length, attempts: attempts.length },
    violations,
  };
}

/** What may not happen while the row says "halted". */
const HALTED = new Set(['job.claimed', 'spend.held', 'slot.enqueued', 'slot.skipped']);

/** I12: between halt and resume nothing begins, and what ran has ended within the drain time. */
export function haltHolds(evidence: Evidence): Verdict {
  const { attempts, bill, events, facts, timeline } = evidence;
  const stretches = halts(evidence);
  const inside = (event: Event): boolean =>
    stretches.some(({ from, to }) => event.id > from.id && (to === null || event.id < to.id));
  const violations = events
    .filter((it) => HALTED.has(it.kind) && inside(it))
    .map((it) => `event ${it.id}: ${it.kind} of ${it.ref} while halted`);
  // A worker that was killed with the halt comes up first and takes back what it left running.
  const { aheadMs = 0, bootMs = 0 } = facts;
  const drainMs = durationMs(facts.times['drain'] ?? '20s') + bootMs + aheadMs;
  for (const { from, to } of stretches) {
    const until = to?.at ?? Number.POSITIVE_INFINITY;
    for (const it of attempts) {
      const late = Math.min(it.ended_at ?? until, until) - (from.at + drainMs);
      if (it.started_at < from.at && late > 0 && (it.ended_at ?? until) > from.at) {
        violations.push(`attempt ${it.n} of ${it.job} ran on for ${late} ms too long when halted`);
      }
    }
  }
  for (const [from, to] of answered(timeline)) {
    const late = bill.rows.filter((it) => it.at > from && it.at < to);
    violations.push(...late.map((it) => `bill ${it.id}: ${askerOf(it)?.job} asked while halted`));
  }
  return {
    id: 'I12',
    what: 'nothing begins between halt and resume; what ran ends in time',
    counted: { halts: stretches.length },
    violations,
  };
}

/** From the moment the halt command came back until somebody resumed, by the clock of the run. */
function answered(timeline: Evidence['timeline']): [number, number][] {
  const found: [number, number][] = [];
  for (const { kind, at } of timeline) {
    if (kind === 'halted') found.push([at, Number.POSITIVE_INFINITY]);
    if (kind === 'resuming' && found.length > 0) found.at(-1)![1] = at;
  }
  return found;
}

/** I9: nothing ever reached the host that nobody is allowed. */
export function deniedHostUnreached({ denied, events }: Evidence): Verdict {
  const stray = events.filter((it) => it.kind === 'job.done' && it.data['agent'] === 'stray');
  return {
    id: 'I9',
    what: 'no request arrived at the host that is not allowed',
    counted: { tries: stray.length, arrived: denied },
    violations: denied === 0 ? [] : [`${denied} requests arrived at the denied host`],
  };
}

/** I10: only what a person approved happened, with those words, and once. */
export function approvedOnce({ drafts, events, notes, timeline }: Evidence): Verdict {
  const approved = new Set(
    timeline.filter((it) => it.kind === 'decided' && it.verb === 'approve').map((it) => it.id),
  );
  const texts = new Map(
    drafts.map((it) => [(JSON.parse(it.args) as { text: string }).text.trim(), it]),
  );
  const seen = new Map<string, number>();
  for (const line of notes) seen.set(line, (seen.get(line) ?? 0) + 1);
  const violations: string[] = [];
  for (const [line, times] of seen) {
    const draft = texts.get(line);
    if (draft === undefined) violations.push(`"${line}" was written and never drafted`);
    else if (!approved.has(draft.id)) violations.push(`draft ${draft.id} happened unapproved`);
    if (times > 1) violations.push(`"${line}" happened ${times} times`);
  }
  for (const [text, draft] of texts) {
    const times = seen.get(text) ?? 0;
    if (draft.state === 'done' && times === 0) violations.push(`draft ${draft.id} is done, unseen`);
    if (draft.happened === 'no' && times > 0)
      violations.push(`draft ${draft.id} happened, not told`);
  }
  const begun = events.filter((it) => it.kind === 'draft.executing').length;
  return {
    id: 'I10',
    what: 'acts happened once, and only after a person approved exactly them',
    counted: { drafts: drafts.length, approved: approved.size, begun, acts: notes.length },
    violations,
  };
}
