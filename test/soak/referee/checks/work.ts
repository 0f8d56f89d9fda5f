import type { Evidence } from '../evidence.ts';
import { cronSlots, durationMs, gridSlots } from '../expected-slots.ts';
import { grouped } from '../reading.ts';
import type { Verdict } from '../verdict.ts';

const FINAL = new Set(['done', 'dead', 'cancelled']);
const FINAL_EVENTS = new Set(['job.done', 'job.dead', 'job.cancelled']);

/** I5: every job that was accepted is there and ended once, or still waits with a reason. */
export function jobsEnd(evidence: Evidence): Verdict {
  const { attempts, events, jobs, keys, timeline } = evidence;
  const violations: string[] = [];
  const pruned = new Set(keys.filter((it) => it.pruned_at !== null).map((it) => it.job));
  const known = new Set(jobs.map((it) => it.id));
  const byKey = new Set(keys.map((it) => it.key));
  let lost = 0;
  const lose = (text: string): void => {
    lost += 1;
    violations.push(text);
  };
  for (const it of timeline) {
    if (it.kind === 'accepted' && !byKey.has(it.key ?? '')) lose(`key ${it.key} was accepted`);
  }
  for (const { kind, ref } of events) {
    if (kind !== 'job.enqueued' || ref === null) continue;
    if (!known.has(ref) && !pruned.has(ref)) lose(`job ${ref} was accepted and is nowhere`);
  }
  const ends = grouped(
    events.filter((it) => FINAL_EVENTS.has(it.kind) || it.kind === 'job.redriven'),
    (it) => it.ref ?? '',
  );
  let waiting = 0;
  for (const job of jobs) {
    const mine = ends.get(job.id) ?? [];
    const again = mine.filter((it) => it.kind === 'job.redriven').length;
    const ended = mine.length - again;
    const expected = (FINAL.has(job.state) ? 1 : 0) + again;
    if (ended !== expected) violations.push(`job ${job.id} (${job.state}) ended ${ended} times`);
    if (job.state === 'running') lose(`job ${job.id} runs although nothing does`);
    if (job.state === 'queued') waiting += 1;
    if (job.state === 'queued' && job.wait_reason === null) {
      violations.push(`job ${job.id} of ${job.agent} waits for nothing`);
    }
  }
  const open = attempts.filter((it) => it.ended_at === null);
  violations.push(...open.map((it) => `attempt ${it.n} of job ${it.job} never ended`));
  const state = (name: string): number => jobs.filter((it) => it.state === name).length;
  return {
    id: 'I5',
    what: 'every accepted job ended exactly once, or waits with a reason',
    counted: { jobs: jobs.length, done: state('done'), dead: state('dead'), waiting, lost },
    violations,
  };
}

/** I6: every moment a schedule names is one row or part of a skipped range, and no other is. */
export function slotsAccounted(evidence: Evidence): Verdict {
  const { events, facts, schedules, slots } = evidence;
  const violations: string[] = [];
  let due = 0;
  const rows = grouped(slots, (it) => it.agent);
  for (const { agent, cursor_at: to } of schedules) {
    const declared = events.find((it) => it.kind === 'schedule.declared' && it.ref === agent);
    const settings = facts.agents.find((it) => it.name === agent);
    if (declared === undefined || settings === undefined) {
      violations.push(`the schedule of ${agent} comes from nowhere`);
      continue;
    }
    const expected =
      settings.cron === undefined
        ? gridSlots(durationMs(settings.every ?? ''), declared.at, to)
        : cronSlots(settings.cron, facts.timezone, declared.at, to);
    due += expected.length;
    violations.push(...compare(agent, expected, rows.get(agent) ?? [], to));
  }
  const enqueued = slots.filter((it) => it.status === 'enqueued').length;
  return {
    id: 'I6',
    what: 'every due slot is enqueued, or skipped with a reason',
    counted: { due, enqueued, skipped: slots.length - enqueued },
    violations,
  };
}

function compare(
  agent: string,
  expected: readonly number[],
  rows: Evidence['slots'],
  to: number,
): string[] {
  const single = new Set(rows.filter((it) => it.range_from === null).map((it) => it.scheduled_for));
  const ranges = rows.filter((it) => it.range_from !== null);
  const covered = (at: number): boolean =>
    ranges.some((it) => it.range_from! <= at && at <= it.scheduled_for);
  const due = new Set(expected);
  const time = (at: number): string => new Date(at).toISOString();
  return [
    ...expected
      .filter((at) => !single.has(at) && !covered(at))
      .map((at) => `slot ${time(at)} of ${agent} is nowhere`),
    ...[...single]
      .filter((at) => !due.has(at) && at <= to)
      .map((at) => `slot ${time(at)} of ${agent} was never due`),
    ...ranges
      .filter(
        (it) =>
          it.count !==
          expected.filter((at) => it.range_from! <= at && at <= it.scheduled_for).length,
      )
      .map((it) => `a range of ${agent} up to ${time(it.scheduled_for)} counts ${it.count}`),
  ];
}

/** I7: a key makes one job, a slot too. */
export function keysUsedOnce({ events, jobs, keys }: Evidence): Verdict {
  const violations: string[] = [];
  const owner = new Map(keys.map((it) => [it.key, it.job]));
  for (const job of jobs) {
    if (owner.get(job.key) !== job.id) violations.push(`key ${job.key} is not of job ${job.id}`);
  }
  const made = grouped(
    events.filter((it) => it.kind === 'job.enqueued'),
    (it) => String(it.data['key']),
  );
  for (const [key, all] of made) {
    if (all.length > 1) violations.push(`key ${key} made ${all.length} jobs`);
  }
  const slotted = jobs.filter((it) => it.slot !== null);
  for (const [slot, all] of grouped(slotted, (it) => `${it.agent} ${it.slot}`)) {
    if (all.length > 1) violations.push(`slot ${slot} made ${all.length} jobs`);
  }
  return {
    id: 'I7',
    what: 'each key and each slot made one job',
    counted: { keys: keys.length, slotJobs: slotted.length },
    violations,
  };
}
