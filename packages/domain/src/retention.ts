const DAY_MS = 86_400_000;

/**
 * How long details are kept, ms. What they add up to stays for ever: keys of jobs, totals of spend
 * by day, agent and model, slots by day, and the last report of each agent.
 */
export interface RetentionSettings {
  /** Jobs that are done or cancelled, with their attempts, steps and journalled calls. */
  readonly jobsMs: number;
  /** Dead letters, with the same. */
  readonly deadLettersMs: number;
  /** One row a call. Kept at least as long as its job. */
  readonly spendMs: number;
  /** One row a slot. */
  readonly slotsMs: number;
  /** Reports, with the files that were written of them. */
  readonly reportsMs: number;
  /** Drafts that are over. Kept at least as long as the jobs they came from and led to. */
  readonly draftsMs: number;
  readonly eventsMs: number;
  /** What people did, and why. */
  readonly auditMs: number;
  /** Lives of services that have ended. */
  readonly instancesMs: number;
}

/**
 * A month of detail answers "what did it do last week"; a quarter of calls can be laid beside three
 * invoices of a provider; a dead letter that nobody took up in a quarter was told of long ago; a
 * year of reports is what people look up, and what was done on whose word as long; two years of
 * what people did outlast most questions about it.
 */
export const DEFAULT_RETENTION: RetentionSettings = {
  jobsMs: 30 * DAY_MS,
  deadLettersMs: 90 * DAY_MS,
  spendMs: 90 * DAY_MS,
  slotsMs: 30 * DAY_MS,
  reportsMs: 365 * DAY_MS,
  draftsMs: 365 * DAY_MS,
  eventsMs: 30 * DAY_MS,
  auditMs: 730 * DAY_MS,
  instancesMs: 30 * DAY_MS,
};
