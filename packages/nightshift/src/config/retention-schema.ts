import type { z } from 'zod';
import { DEFAULT_RETENTION, type RetentionSettings } from '@nightshift/domain';
import { closed, leaf } from './schema.ts';
import { duration } from './values.ts';

const age = leaf(duration('1d', '3650d')).optional();

/** The usual hour of an agent is taken from two weeks of calls, and a month's cap from its month. */
const spendAge = leaf(duration('31d', '3650d')).optional();

export const retentionSchema = closed({
  jobs: age,
  deadLetters: age,
  spend: spendAge,
  slots: age,
  reports: age,
  drafts: age,
  events: age,
  audit: age,
  instances: age,
});

/** Ages with the defaults filled in. */
export function retentionOf(given: z.output<typeof retentionSchema>): RetentionSettings {
  return {
    jobsMs: given.jobs ?? DEFAULT_RETENTION.jobsMs,
    deadLettersMs: given.deadLetters ?? DEFAULT_RETENTION.deadLettersMs,
    spendMs: given.spend ?? DEFAULT_RETENTION.spendMs,
    slotsMs: given.slots ?? DEFAULT_RETENTION.slotsMs,
    reportsMs: given.reports ?? DEFAULT_RETENTION.reportsMs,
    draftsMs: given.drafts ?? DEFAULT_RETENTION.draftsMs,
    eventsMs: given.events ?? DEFAULT_RETENTION.eventsMs,
    auditMs: given.audit ?? DEFAULT_RETENTION.auditMs,
    instancesMs: given.instances ?? DEFAULT_RETENTION.instancesMs,
  };
}
