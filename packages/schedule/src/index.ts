/**
 * The slots of a schedule: which moments it names, in order, from any moment on. Pure: no clock, no
 * database; the scheduler decides with it and `nightshift check` shows with it, so both mean the
 * same. The only importer of node-cron, whose matcher is the authority, and of cronstrue, which
 * puts an expression into words.
 *
 * `cron.ts` fences the library, `offsets.ts` and `fields.ts` find the next minute worth asking it
 * about, `due.ts` walks, `words.ts` says it to a person.
 */
export { checkCron } from './cron.ts';
export { dueSlots, nextSlots } from './due.ts';
export type { DueSlots } from './due.ts';
export { describeSchedule } from './words.ts';
