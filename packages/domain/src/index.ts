/**
 * What a job, a slot, a budget window, a hold, a breaker, an incident and a process are: their
 * states and legal transitions, money, backoff, clock and errors, and the ports through which the
 * packages meet. Pure: no I/O and no dependencies, so that every decision can be tested as a
 * function of facts.
 */
export * from './alert-settings.ts';
export * from './backoff.ts';
export * from './breaker.ts';
export * from './calendar.ts';
export * from './canonical-json.ts';
export * from './capabilities.ts';
export * from './clock.ts';
export * from './draft.ts';
export * from './drill.ts';
export * from './error.ts';
export * from './facts.ts';
export * from './id.ts';
export * from './job.ts';
export * from './json.ts';
export * from './money.ts';
export * from './plain-text.ts';
export * from './ports/draft-store.ts';
export * from './ports/job-store.ts';
export * from './ports/ledger.ts';
export * from './ports/retention-store.ts';
export * from './ports/slot-store.ts';
export * from './ports/stores.ts';
export * from './retention.ts';
export * from './sanitise.ts';
export * from './service.ts';
export * from './settings.ts';
export * from './spend.ts';
export * from './value.ts';
export * from './watch.ts';
