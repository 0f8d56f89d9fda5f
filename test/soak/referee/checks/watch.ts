import type { Delivery, Evidence, Incident } from '../evidence.ts';
import { durationMs } from '../expected-slots.ts';
import { grouped } from '../reading.ts';
import type { Verdict } from '../verdict.ts';

/** Dead letters that one message names. */
const LISTED = 10;

/** I11: every incident that opened was told, and every dead letter is in an incident. */
export function alertsArrive(evidence: Evidence): Verdict {
  const { deliveries, events, incidents } = evidence;
  const violations: string[] = [];
  const rows = grouped(deliveries, (it) => it.incident);
  const opened = incidents.filter((it) => it.opened_at !== null);
  let delivered = 0;
  for (const incident of opened) {
    const mine = rows.get(incident.id) ?? [];
    const wrong = untold(evidence, incident, mine);
    if (wrong !== null) violations.push(`incident ${incident.id} (${incident.key}): ${wrong}`);
    delivered += mine.filter((it) => it.state === 'delivered').length;
  }
  const details = incidents.filter((it) => it.rule === 'dead-letter').map((it) => it.detail);
  const dead = events.filter((it) => it.kind === 'job.dead').map((it) => it.ref ?? '');
  const unnamed = dead.filter((job) => !details.some((it) => it.includes(job)));
  const more = details
    .map((it) => Number(/and (\d+) more$/.exec(it)?.[1] ?? 0))
    .reduce((so, it) => so + it, 0);
  const missed = Math.max(0, unnamed.length - more);
  if (missed > 0) {
    violations.push(`${missed} dead letters were never told, such as ${unnamed[0]}`);
  }
  return {
    id: 'I11',
    what: `every open incident was told, every dead letter is in one (${LISTED} by name)`,
    counted: { incidents: opened.length, delivered, deadLetters: dead.length, missed },
    violations,
  };
}

/** Why nobody can know of an incident, or null. */
function untold(evidence: Evidence, incident: Incident, mine: readonly Delivery[]): string | null {
  if (mine.length === 0) return 'there is no message';
  const phantom = mine.find((it) => it.state === 'delivered' && !arrived(evidence, it));
  if (phantom !== undefined) return `${phantom.channel} never got what it acknowledged`;
  if (mine.some((it) => it.state === 'delivered' || replaced(it))) return null;
  if (mine.some((it) => it.state === 'queued' || it.state === 'sending')) return null;
  const broken = evidence.incidents.some((it) => it.rule === 'channel-broken');
  return broken || incident.rule === 'channel-broken' ? null : 'no channel has it';
}

/** A later message says it better, or it went out in one with others. */
function replaced(delivery: Delivery): boolean {
  return delivery.state === 'dropped' && delivery.last_error !== null;
}

function arrived({ messages }: Evidence, { channel, receipt }: Delivery): boolean {
  const store = messages[channel];
  return store === undefined || store.has(String(receipt));
}

/** I13: who was stopped was ended in time, and nobody else was. */
export function onlyTheWedgedAreEnded(evidence: Evidence): Verdict {
  const { facts, kills, timeline } = evidence;
  const violations: string[] = [];
  const stopped = new Set(
    timeline.filter((it) => it.kind === 'signal' && it.signal === 'SIGSTOP').map((it) => it.pid),
  );
  const signalled = kills.filter((it) => it.term_at !== null);
  const healthy = signalled.filter((it) => !stopped.has(it.pid));
  violations.push(...healthy.map((it) => `the ${it.service} ${it.pid} was ended and was well`));
  const boundMs = wedgeBoundMs(facts.times) + (facts.aheadMs ?? 0);
  const wedges = timeline.filter((it) => it.kind === 'wedge');
  let slowest = 0;
  for (const wedge of wedges) {
    const end = timeline.find((it) => it.kind === 'exit' && it.pid === wedge.pid);
    const tookMs = (end?.mono ?? Number.POSITIVE_INFINITY) - wedge.mono;
    slowest = Math.max(slowest, tookMs);
    if (tookMs > boundMs) {
      violations.push(`the stopped ${wedge.service} ${wedge.pid} lived for ${tookMs} ms`);
    }
  }
  return {
    id: 'I13',
    what: `who is wedged is dead within ${boundMs / 1_000} s; nobody else is ended`,
    counted: { wedges: wedges.length, kills: signalled.length, slowestMs: slowest },
    violations,
  };
}

/**
 * 45 s with the default times: silence, grace, and seven and a half ticks. Silence is seen within
 * two ticks of its end, the end of the grace and the death within one each; the rest is for ticks
 * that come late.
 */
function wedgeBoundMs(times: Readonly<Record<string, string>>): number {
  const ms = (name: string, fallback: string): number => durationMs(times[name] ?? fallback);
  return ms('silent', '20s') + ms('termGrace', '10s') + 7.5 * ms('tick', '2s');
}
