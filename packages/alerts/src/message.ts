import {
  sanitise,
  sanitiseLine,
  type Incident,
  type Message,
  type Report,
} from '@nightshift/domain';
import type { Notice } from './incident.ts';

/** A report in a message is a teaser; the whole of it is in `nightshift reports show`. */
const REPORT_MAX = 1_500;

/** What is said about an incident. Everything in it stands on its own: others may be lost or late. */
export function incidentMessage(notice: Notice): Message {
  const { incident } = notice;
  const resolved = notice.kind === 'resolved';
  return {
    title: sanitiseLine(`${prefix(notice)}${incident.title}`),
    body: sanitise(`${incident.detail}\n${times(incident)}`, 4_000),
    severity: incident.severity,
    resolved,
    ref: incident.id,
    runbook: `RUNBOOK.md#${incident.rule}`,
  };
}

/** A finished report of which its agent wants a person to know. */
export function reportMessage(report: Report): Message {
  return {
    title: sanitiseLine(`${report.agent}: ${report.title}`),
    body: sanitise(report.body, REPORT_MAX),
    severity: 'info',
    resolved: false,
    ref: report.id,
    runbook: null,
  };
}

/** Many messages as one, when a channel has had its share of the hour. */
export function digestMessage(messages: readonly Message[]): Message {
  const lines = messages.map((it) => `- ${it.title}`);
  const worst = (['page', 'warn'] as const).find((it) => messages.some((m) => m.severity === it));
  return {
    title: `${messages.length} messages in one`,
    body: sanitise(lines.join('\n'), 4_000),
    severity: worst ?? 'info',
    resolved: messages.every((it) => it.resolved),
    ref: messages.map((it) => it.ref).at(-1) ?? '',
    runbook: null,
  };
}

/** The same message, saying how late it comes. `delayMs` under two minutes is not worth a word. */
export function delayed(message: Message, delayMs: number): Message {
  if (delayMs < 120_000) return message;
  const note = `This message comes ${duration(delayMs)} late: the channel could not be reached.`;
  return { ...message, body: `${message.body}\n${note}` };
}

/** `95 s`, `28 min`, `3 h 20 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function prefix(notice: Notice): string {
  if (notice.kind === 'resolved') return 'Resolved: ';
  return notice.kind === 'reminder' ? 'Still: ' : '';
}

function times(incident: Incident): string {
  const from = clockTime(incident.firstSeenAt);
  if (incident.resolvedAt === null) return `Since ${from}.`;
  // A dead letter has no length: it was told once, and that was that.
  if (incident.resolvedAt === incident.firstSeenAt) return `At ${from}.`;
  const length = duration(incident.resolvedAt - incident.firstSeenAt);
  return `From ${from} to ${clockTime(incident.resolvedAt)} (${length}).`;
}

/** In UTC and said so: a message is read in any zone. */
function clockTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
