/**
 * Tickets: what tells a worker that a job became runnable. liteque carries them, in a table of its
 * shape that triggers keep equal to the `jobs` table, which is the truth. liteque's own runner is
 * not used: it keeps a timed-out job running beside its retry and ends at the first busy database.
 * The only importer of liteque and drizzle.
 */
export { openTickets, type Ticket, type Tickets } from './tickets.ts';
export { watchCommits } from './wake.ts';
