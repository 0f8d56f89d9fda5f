/**
 * Every kind of event the store appends in the transaction of a change. Names are contract: logs,
 * pages and the referee read them. Other services append their own kinds through `events.append`.
 */
export const EVENT_KINDS = [
  'job.enqueued',
  'job.claimed',
  'job.started',
  'job.done',
  'job.retried',
  'job.returned',
  'job.dead',
  'job.cancelled',
  'job.cancel-asked',
  'job.taken-back',
  'job.redriven',
  'step.completed',
  'report.filed',
  'schedule.declared',
  'schedule.removed',
  'slot.enqueued',
  'slot.skipped',
  'control.halted',
  'control.resumed',
  'agent.paused',
  'agent.resumed',
  'instance.started',
  'instance.stopped',
  'tickets.repaired',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];
