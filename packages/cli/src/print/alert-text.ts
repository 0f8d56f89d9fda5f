import { sanitiseLine } from '@nightshift/domain';
import type { AlertDetail } from '@nightshift/operate';

/** One line of an incident's story. */
export interface Moment {
  /** ISO 8601, UTC, to the second. */
  readonly at: string;
  readonly what: string;
}

/** Everything that is known about an incident, in the order of time. */
export function timeline({ incident, deliveries, kills }: AlertDetail): readonly Moment[] {
  const found: [number | null, string][] = [
    [incident.firstSeenAt, 'first seen'],
    [incident.openedAt, 'opened'],
    ...deliveries.map((it): [number | null, string] => [
      it.deliveredAt ?? it.createdAt,
      `${it.kind} ${it.state === 'delivered' ? 'arrived on' : `is ${it.state} for`} ${it.channel}` +
        (it.receipt === null ? '' : ` (receipt ${it.receipt})`) +
        (it.lastError === null ? '' : `: ${it.lastError}`),
    ]),
    ...kills.flatMap((it): [number | null, string][] => [
      [it.intendedAt, `decided to end ${it.service}, pid ${it.pid}`],
      [it.termAt, 'SIGTERM'],
      [it.killAt, 'SIGKILL'],
      [it.deadAt, 'seen dead'],
      [it.recoveredAt, 'a new instance makes progress'],
    ]),
    [incident.resolvedAt, 'resolved'],
  ];
  return found
    .filter((it): it is [number, string] => it[0] !== null)
    .toSorted(([a], [b]) => a - b)
    .map(([at, what]) => ({ at: iso(at), what: sanitiseLine(what, 300) }));
}

/** An entry for INCIDENTS.md, with the parts that only a person can write left to be written. */
export function alertMarkdown(detail: AlertDetail): readonly string[] {
  const { incident } = detail;
  const end = incident.resolvedAt === null ? 'still open' : iso(incident.resolvedAt);
  return [
    `## ${iso(incident.firstSeenAt).slice(0, 10)}: ${text(incident.title)}`,
    '',
    `**Status.** ${incident.state}, ${iso(incident.firstSeenAt)} to ${end}.`,
    `**Detection.** Rule \`${text(incident.rule)}\`, incident ${incident.id}.`,
    `**Summary.** ${incident.detail.split('\n').map(text).join(' ')}`,
    '**Impact.**',
    '**Root cause.**',
    '**Where we were lucky.**',
    '',
    '| time (UTC) | what |',
    '|---|---|',
    ...timeline(detail).map(({ at, what }) => `| ${at} | ${text(what)} |`),
    '',
  ];
}

function iso(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Text of a job stays text: no table cell, link or markup of its own. */
function text(value: string): string {
  return sanitiseLine(value, 500).replace(/[\\*_~`|<>[\]#]/g, '\\$&');
}
